// Damaged firmware folders, arrays and data sets in run, profile and report; full disks,
// interrupts.
#include <gtest/gtest.h>

#include "data/testing/image_writer.h"
#include "search/testing_network.h"
#include "tests/command_line.h"
#include "tests/int8_models.h"

namespace tinyformer {
namespace {

const std::string kCompileAgain = "compile the model again",
                  kWriteAgain = "write the array again, for example with numpy.save";

// A .npy file.
std::string Numpy(const std::string& type, const std::string& shape, const std::string& data) {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  header.resize(117, ' ');
  header += '\n';
  return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + data;
}

class FirmwareErrors : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    at_ = new CommandLineTest;
    at_->Write("m.onnx", Int8Onnx(SmallNetwork()));
    at_->Write("colour.onnx", Int8Onnx(ColourNetwork()));
    ASSERT_EQ(at_->Run({"compile", "m.onnx", "-o", "firmware"}).status, 0);
    ASSERT_EQ(at_->Run({"compile", "colour.onnx", "-o", "colour"}).status, 0);
  }
  static void TearDownTestSuite() {
    delete at_;
    at_ = nullptr;
  }
  static void ExpectRefused(const std::vector<std::string>& arguments, const std::string& text) {
    SCOPED_TRACE(::testing::PrintToString(arguments));
    const Ended ended = at_->Run(arguments);
    EXPECT_EQ(ended.status, 2);
    EXPECT_EQ(at_->Normalised(ended.errors), text);
    EXPECT_EQ(ended.output, "");
    EXPECT_EQ(at_->Temporaries(), std::vector<std::string>{});
  }

  static CommandLineTest* at_;
};
CommandLineTest* FirmwareErrors::at_ = nullptr;

TEST_F(FirmwareErrors, FoldersThatAreNotFirmware) {
  at_->Write("photos/cat.txt", "cat");
  for (const char* command : {"run", "profile"}) {
    ExpectRefused(
        {command, "photos/cat.txt"},
        ErrorText("sim/not-firmware", "photos/cat.txt", "a firmware folder (with plan.json)",
                  "a file", "name the folder that tinyformer compile wrote (its -o)"));
    ExpectRefused({command, "photos"},
                  ErrorText("sim/not-firmware", "photos", "a firmware folder (with plan.json)",
                            "no plan.json in it",
                            "make one with: tinyformer compile model.onnx --target stm32f746 -o "
                            "photos"));
    ExpectRefused({command, "nothing"},
                  ErrorText("sim/not-firmware", "nothing", "a firmware folder (with plan.json)",
                            "nothing at this path",
                            "make one with: tinyformer compile model.onnx --target stm32f746 -o "
                            "nothing"));
  }
}

TEST_F(FirmwareErrors, DamagedPlans) {
  const std::string plan = at_->Read("firmware/plan.json");
  auto with = [&](const std::string& from, const std::string& to) {
    std::string text = plan;
    return text.replace(text.find(from), from.size(), to);
  };
  const std::string where = "damaged/plan.json";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ErrorText("json/syntax", where, "JSON", "an empty file", "correct the file there")},
      {plan.substr(0, 12),
       ErrorText("json/syntax", where, "JSON", "a syntax error at line 2, column 11",
                 "correct the file there")},
      {"[]", ErrorText("sim/plan", where, "\"format\": \"tinyformer-plan\", \"version\": 1",
                       "another format or version", kCompileAgain)},
      {with("\"version\": 1", "\"version\": 2"),
       ErrorText("sim/plan", where, "\"format\": \"tinyformer-plan\", \"version\": 1",
                 "another format or version", kCompileAgain)},
      {with("\"prefix\": \"model\"", "\"prefix\": \"a b\""),
       ErrorText("sim/plan", where + ": key 'prefix'", "a C identifier of at most 40 characters",
                 "\"a b\"", kCompileAgain)},
      {with("\"zero_point\": ", "\"zero_point\": 1000"),
       ErrorText("sim/plan", where + ": key 'input'",
                 "a scale above 0 and a zero point in [-128, 127]", "", kCompileAgain)},
      {with("\"optimization\": \"-O2\"", "\"optimization\": \"-O9 -x\""),
       ErrorText("sim/plan", where + ": key 'optimization'", "-O2 or -Os", "\"-O9 -x\"",
                 kCompileAgain)},
      {with("\"layers\": [", "\"layers\": 7, \"old\": ["),
       ErrorText("sim/plan", where + ": key 'layers'", "a list of one layer or more",
                 "the number 7", kCompileAgain)},
  };
  for (const auto& [bytes, text] : cases) {
    at_->Write(where, bytes);
    for (const char* command : {"run", "profile"}) {
      const Ended ended = at_->Run({command, "damaged"});
      EXPECT_EQ(ended.status, 2);
      // The zero point's text quotes the scale, which is a long number.
      if (text.find("found:    \n") != std::string::npos) {
        EXPECT_TRUE(ended.errors.starts_with(text.substr(0, text.find("found:")))) << ended.errors;
      } else {
        EXPECT_EQ(ended.errors, text);
      }
    }
  }
}

TEST_F(FirmwareErrors, DamagedSourcesNameTheFile) {
  std::filesystem::copy(at_->Path("firmware"), at_->Path("edited"),
                        std::filesystem::copy_options::recursive);
  std::filesystem::remove(at_->Path("edited/model.cc"));
  ExpectRefused({"run", "edited", "--on", "host"},
                ErrorText("sim/link", "DIR/here/edited/build/host/model", "objects that link",
                          "host_main.cc:(.text.startup+0x45): undefined reference to `model_init'",
                          "compile the model again; if you changed the folder, correct what the "
                          "linker names"));
}

TEST_F(FirmwareErrors, ArraysOfAnotherShapeOrType) {
  auto refused = [](const std::string& bytes, const std::string& text) {
    at_->Write("x.npy", bytes);
    ExpectRefused({"run", "firmware", "--input", "x.npy", "--on", "host"}, text);
  };
  std::filesystem::remove(at_->Path("x.npy"));
  ExpectRefused(
      {"run", "firmware", "--input", "x.npy"},
      ErrorText("file/missing", "x.npy", "a file", "nothing at this path", "check the path"));
  refused("", ErrorText("data/npy", "x.npy", "a .npy array", "0 bytes", kWriteAgain));
  refused(Numpy("|i1", "(1, 3, 8, 8)", std::string(192, 'a')),
          ErrorText("cli/input-shape", "x.npy", "an array of shape [n, 8, 8, 3], channels last",
                    "[1, 3, 8, 8]", "transpose or resize the images"));
  refused(
      Numpy("|i1", "(2, 8, 8, 3)", std::string(192, 'a')),
      ErrorText("data/npy", "x.npy", "384 bytes for shape [2, 8, 8, 3]", "192 bytes", kWriteAgain));
  refused(Numpy("<i2", "(1, 8, 8, 3)", std::string(384, 'a')),
          ErrorText("data/npy", "x.npy", "int8 (quantized) or float32 (normalised) elements",
                    "i2 elements", "convert the array"));
  refused(Numpy("<f4", "(1, 8, 8, 3)", std::string(768, '\xff')),
          ErrorText("data/npy", "x.npy", "finite numbers", "NaN or infinity at element 0",
                    "correct the array"));
}

TEST_F(FirmwareErrors, DataThatIsNotTheModels) {
  ExpectRefused({"run", "firmware", "--data", "synthetic"},
                ErrorText("data/image-shape", "data set 'synthetic'",
                          "8x8x3 images, as the model takes them", "32x32x3",
                          "use the data that the model was made for, or folder:DIR, which is "
                          "resized"));
  at_->Write("ppm/train/cat/1.txt", "not an image");
  ExpectRefused({"run", "colour", "--data", "folder:ppm"},
                ErrorText("data/classes", "ppm/train", "at least two classes, one folder each", "1",
                          "put the images of each class into train/<class>"));
  for (const char* class_name : {"a", "b", "c", "d"}) {
    at_->Write(std::string("single/train/") + class_name + "/1.png",
               testing::Png(testing::Plain(8, 8, 1, 2, 3)));
  }
  at_->Write("single/test/a/1.png", testing::Png(testing::Plain(8, 8, 1, 2, 3)));
  at_->Run({"run", "firmware", "--data", "folder:single"});  // decodes them at the model's size
  ExpectRefused(
      {"run", "firmware", "--data", "folder:single", "--split", "validation", "--stddev", "0.5"},
      ErrorText("data/no-validation-images", "data set 'folder:single'", "validation images",
                "none", "add images: a class of two or more has some for validation"));
  ExpectRefused({"run", "colour", "--data", "nonsense"},
                ErrorText("data/spec", "data set 'nonsense'",
                          "cifar10:DIR, imagenet32:DIR, folder:DIR or synthetic", "kind 'nonsense'",
                          "choose one of these"));
  ExpectRefused(
      {"run", "colour", "--data", "synthetic", "--stddev", "0"},
      ErrorText("cli/normalization", "--stddev", "a standard deviation above 0 in every channel",
                "0.000000", "correct the number"));
  ExpectRefused({"run", "colour", "--data", "synthetic", "--compare", "nothing"},
                ErrorText("cli/no-run", "nothing",
                          "a finished run: a folder with genome.json and model.safetensors",
                          "no genome.json", "name the folder that tinyformer train wrote"));
  ExpectRefused({"run", "colour", "--compare", "nothing"},
                ErrorText("cli/usage", "tinyformer run --compare",
                          "--data with the images to compare on", "no --data", "add --data"));
  at_->Write("tiny/genome.json", ToJson(TinyGenome()).dump());
  at_->Write("tiny/model.safetensors", "");
  ExpectRefused({"run", "firmware", "--data", "synthetic", "--compare", "tiny"},
                ErrorText("cli/other-run", "tiny/genome.json",
                          "input [1, 8, 8, 3], 4 classes, as the firmware",
                          "input [1, 32, 32, 3], 10 classes",
                          "name the run that the firmware's model came from"));
  ExpectRefused(
      {"run", "colour", "--cycles", "--on", "host"},
      ErrorText("cli/usage", "tinyformer run --cycles", "--on emulator, which estimates them",
                "--on host", "leave out one of the two"));
  ExpectRefused(
      {"run", "colour", "--data", "synthetic", "--save-labels", "colour"},
      ErrorText("file/write-failed", "colour", "a place that can be written", "Is a directory",
                "check the path and the disk, then run the same command again"));
}

TEST_F(FirmwareErrors, AnotherNumberOfClasses) {
  NetworkBuilder b(1, {1, 3, 32, 32});
  b.x = b.Gemm(b.Reshape(b.MaxPool(b.Conv(b.x, 2, 3, 4)), {1, 32}), 7);
  at_->Write("seven.onnx", Int8Onnx(b.Build()));
  ASSERT_EQ(at_->Run({"compile", "seven.onnx", "-o", "seven"}).status, 0);
  ExpectRefused(
      {"run", "seven", "--data", "synthetic"},
      ErrorText("cli/classes", "data set 'synthetic'", "7 classes, as the model's outputs",
                "10 classes", "use the data that the model was made for"));
}

TEST_F(FirmwareErrors, ReportsOfNothing) {
  at_->Write("photos/cat.txt", "cat");
  ExpectRefused({"report", "nothing", "-o", "r.html"},
                ErrorText("file/missing", "nothing", "a folder made by the other commands",
                          "nothing at this path", "check the path"));
  ExpectRefused({"report", "photos/cat.txt", "-o", "r.html"},
                ErrorText("file/missing", "photos/cat.txt", "a folder made by the other commands",
                          "a file", "check the path"));
  ExpectRefused(
      {"report", "photos", "-o", "r.html"},
      ErrorText("report/empty", "photos",
                "at least one of run/metrics.jsonl, compile.json, firmware/plan.json, run.json",
                "none of the files that a report is made from",
                "name the folder that the other commands wrote to"));
  at_->Write("bad/compile.json", "{\"target\": 3}");
  ExpectRefused({"report", "bad", "-o", "r.html"},
                ErrorText("json/key", "bad/compile.json: key 'target'", "a text", "the number 3",
                          "correct this key in the file"));
  EXPECT_FALSE(at_->Exists("r.html"));
}

TEST_F(FirmwareErrors, AFullDiskLeavesOldReportsAndArrays) {
  at_->Write("out/compile.json", "");
  at_->RunJson({"compile", "m.onnx", "-o", "out/firmware"}, "out/compile.json");
  at_->Write("r.html", "old");
  at_->Write("y.npy", "old");
  Surroundings full;
  full.max_file_bytes = 4096;
  const Ended report = at_->Run({"report", "out", "-o", "r.html"}, full);
  EXPECT_EQ(report.status, 2);
  EXPECT_EQ(
      report.errors,
      ErrorText("file/write-failed", "r.html", "a place that can be written", "File too large",
                "check the path and the disk, then run the same command again"));
  EXPECT_EQ(at_->Read("r.html"), "old");
  ExpectRefused({"report", "out", "-o", "/dev/full"},
                ErrorText("file/write-failed", "/dev/full", "a place that can be written",
                          "No space left on device",
                          "free some disk space, then run the same command again"));
  const Ended run = at_->Run({"run", "firmware", "--on", "host", "--output", "/dev/full"});
  EXPECT_EQ(run.status, 2);
  EXPECT_NE(run.errors.find("error[file/write-failed] /dev/full\n"), std::string::npos)
      << run.errors;
  full.max_file_bytes = 100;
  const Ended array = at_->Run({"run", "firmware", "--on", "host", "--output", "y.npy"}, full);
  EXPECT_EQ(array.status, 2) << array.errors;
  EXPECT_EQ(at_->Read("y.npy"), "old");
  EXPECT_EQ(at_->Temporaries(), std::vector<std::string>{});
}

TEST_F(FirmwareErrors, InterruptsEndRunAndProfile) {
  at_->Write("y.npy", "old");
  for (const char* on : {"host", "emulator"}) {
    const pid_t pid = at_->Start({"run", "colour", "--data", "synthetic", "--on", on, "--output",
                                  "y.npy", "--images", "100000"});
    const Ended ended =
        at_->StopWhen(pid, SIGINT, [&] { return at_->TemporaryExists("input.bin"); });
    EXPECT_EQ(ended.status, 130) << on;
    EXPECT_TRUE(ended.errors.ends_with("stopped\n")) << ended.errors;
    EXPECT_EQ(at_->Read("y.npy"), "old");
    EXPECT_EQ(at_->Temporaries(), std::vector<std::string>{});
  }
  const pid_t pid = at_->Start({"profile", "firmware"});
  const Ended ended =
      at_->StopWhen(pid, SIGINT, [&] { return CommandLineTest::ListensToInterrupts(pid); });
  EXPECT_EQ(ended.status, 130);
  EXPECT_EQ(ended.errors, "stopped\n");
}

}  // namespace
}  // namespace tinyformer

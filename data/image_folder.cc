#include "data/image_folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <exception>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "data/image_file.h"
#include "data/pixel_buffer.h"
#include "data/pixel_cache.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

constexpr int kDecoderVersion = 1;  // raise it when decoding or resizing gives other bytes
constexpr const char* kLayout = "a folder with train/<class>/*.png, *.jpg or *.jpeg";
constexpr const char* kLayoutFix = "put the images of each class into train/<class>";

/// One image file: its path below the data set's folder, and its class.
struct Entry {
  std::string path;
  int label;
  std::string stamp;  // size and time of change
};

/// The images of train or test before decoding.
struct Listing {
  std::vector<Entry> entries;
  std::vector<std::string> left_out;  // not images by their names
};

std::vector<std::string> SortedNames(const std::string& folder, bool folders) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    std::error_code ignored;
    if (name[0] != '.' && (!folders || it->is_directory(ignored))) names.push_back(name);
  }
  if (error) {
    throw Error("data/unreadable", folder, "a folder that can be read", error.message(),
                "check its permissions");
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool HasImageExtension(const std::string& name) {
  std::string extension = fs::path(name).extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

void ListClass(const std::string& root, const std::string& below, int label, Listing& listing) {
  for (const std::string& name : SortedNames(root + "/" + below, false)) {
    std::string path = below + "/" + name;
    struct stat info {};
    bool found = ::stat((root + "/" + path).c_str(), &info) == 0;
    if (!HasImageExtension(name) || (found && !S_ISREG(info.st_mode))) {
      listing.left_out.push_back(path);
      continue;
    }
    listing.entries.push_back({path, label,
                               std::to_string(info.st_size) + " " +
                                   std::to_string(info.st_mtim.tv_sec) + "." +
                                   std::to_string(info.st_mtim.tv_nsec)});
  }
}

/// What one part (train or test) becomes: pixels of the readable images, and the rest by name.
/// lasting: as long as its files stay as they are; a file that could not be read may be another
/// time.
struct Part {
  bool lasting = true;
  std::vector<int32_t> labels;
  std::vector<UnreadableFile> unreadable;
  CachedPixels pixels;
};

/// Decodes all entries on all cores; results stand in the entries' order whatever the threads do.
class ParallelDecoder {
 public:
  ParallelDecoder(const std::string& root, const std::vector<Entry>& entries, int height, int width)
      : root_(root), entries_(entries), height_(height), width_(width), reasons_(entries.size()) {
    pixels_.resize(entries.size() * ImageBytes());
  }

  void Run(const std::string& label) {
    const auto count = static_cast<int64_t>(entries_.size());
    Progress progress(label, count, "images");
    ParallelFor(
        count, 0, [this](int64_t i) { Decode(static_cast<size_t>(i)); }, &progress);
  }

  /// Closes the gaps that unreadable images left.
  void MoveInto(Part& part, std::vector<uint8_t>& pixels) {
    size_t kept = 0;
    part.lasting = !read_failed_;
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (!reasons_[i].empty()) {
        part.unreadable.push_back({entries_[i].path, reasons_[i]});
        continue;
      }
      if (kept != i) std::copy_n(Slot(i), ImageBytes(), Slot(kept));
      part.labels.push_back(entries_[i].label);
      ++kept;
    }
    pixels_.resize(kept * ImageBytes());
    pixels = std::move(pixels_);
  }

 private:
  size_t ImageBytes() const {
    return static_cast<size_t>(height_) * static_cast<size_t>(width_) * 3;
  }
  uint8_t* Slot(size_t i) { return pixels_.data() + i * ImageBytes(); }

  void Decode(size_t i) {
    try {
      RgbImage image = DecodeImage(ReadFile(root_ + "/" + entries_[i].path), height_, width_);
      std::copy(image.pixels.begin(), image.pixels.end(), Slot(i));
    } catch (const UnreadableImage& reason) {
      reasons_[i] = reason.what();
    } catch (const Error& error) {
      reasons_[i] = error.found();
      read_failed_ = true;
    }
  }

  const std::string& root_;
  const std::vector<Entry>& entries_;
  int height_, width_;
  std::vector<uint8_t> pixels_;
  std::vector<std::string> reasons_;       // empty: readable
  std::atomic<bool> read_failed_ = false;  // of any file, whatever is in it
};

Json NoteOf(const Part& part) {
  Json unreadable = Json::array();
  for (const UnreadableFile& file : part.unreadable) unreadable.push_back({file.path, file.why});
  return Json{{"labels", part.labels}, {"unreadable", unreadable}};
}

bool OpenCached(const std::string& path, uint64_t image_bytes, Part& part) {
  if (!OpenPixelCache(path, part.pixels)) return false;
  part.labels = part.pixels.note.at("labels").get<std::vector<int32_t>>();
  for (const Json& file : part.pixels.note.at("unreadable")) {
    part.unreadable.push_back({file.at(0).get<std::string>(), file.at(1).get<std::string>()});
  }
  return part.pixels.bytes == part.labels.size() * image_bytes;
}

Part OpenPart(const std::string& root, const std::string& name, const Listing& listing,
              const DatasetOptions& options, std::string& identity,
              std::vector<std::string>& warnings) {
  std::string key = std::to_string(kDecoderVersion) + " " + std::to_string(options.height) + "x" +
                    std::to_string(options.width) + " " + fs::absolute(root).string() + "\n";
  for (const Entry& entry : listing.entries) {
    key += entry.path + "|" + entry.stamp + "|" + std::to_string(entry.label) + "\n";
  }
  key = Checksum(key);
  identity += key;
  std::string path = (options.cache_folder.empty() ? DefaultCacheFolder() : options.cache_folder) +
                     "/folder-" + key + ".pixels";
  auto image_bytes =
      static_cast<uint64_t>(options.height) * static_cast<uint64_t>(options.width) * 3;
  Part part;
  if (OpenCached(path, image_bytes, part)) return part;
  part = Part();
  auto pixels = std::make_shared<std::vector<uint8_t>>();
  ParallelDecoder decoder(root, listing.entries, options.height, options.width);
  decoder.Run("decoding " + name + " images" +
              (name == "test" ? " (nothing learns from them)" : ""));
  decoder.MoveInto(part, *pixels);
  try {
    if (part.lasting) WritePixelCache(path, *pixels, NoteOf(part));
  } catch (const Error& error) {
    warnings.push_back("decoded images are not kept: " + path + ": " + error.found());
  }
  part.pixels.pixels = pixels->data();
  part.pixels.bytes = pixels->size();
  part.pixels.owner = pixels;
  return part;
}

void RequireEveryClass(const std::string& root, const std::string& part_name, const Part& part,
                       const std::vector<std::string>& classes) {
  for (size_t c = 0; c < classes.size(); ++c) {
    if (std::count(part.labels.begin(), part.labels.end(), static_cast<int32_t>(c)) > 0) continue;
    std::string below = part_name + "/" + classes[c];
    int64_t damaged = 0;
    const UnreadableFile* first = nullptr;
    for (const UnreadableFile& file : part.unreadable) {
      if (file.path.rfind(below + "/", 0) != 0) continue;
      if (damaged++ == 0) first = &file;
    }
    std::string found = damaged == 0
                            ? "no .png, .jpg or .jpeg file"
                            : std::to_string(damaged) + " unreadable, the first: " + first->path +
                                  " (" + first->why + ")";
    throw Error("data/empty-class", root + "/" + below, "at least one readable image", found,
                "add images to this class, or remove its folder");
  }
}

void WarnLeftOut(const std::string& name, const Listing& listing,
                 std::vector<std::string>& warnings) {
  if (listing.left_out.empty()) return;
  warnings.push_back(std::to_string(listing.left_out.size()) + " in " + name +
                     " left out, neither .png, .jpg nor .jpeg: " + listing.left_out[0] +
                     (listing.left_out.size() > 1 ? ", ..." : ""));
}

std::shared_ptr<const ImageSet> ToImages(Part part, uint64_t image_bytes) {
  return std::make_shared<PixelBuffer>(std::move(part.labels), static_cast<int64_t>(image_bytes),
                                       part.pixels.pixels, part.pixels.owner);
}

}  // namespace

ImageSource OpenImageFolder(const std::string& folder, const DatasetOptions& options) {
  std::string root = folder;
  while (root.size() > 1 && root.back() == '/') root.pop_back();
  std::error_code ignored;
  if (!fs::is_directory(root + "/train", ignored)) {
    std::string found = "no train in it";
    if (!fs::exists(root, ignored)) found = "nothing at this path";
    if (fs::is_regular_file(root, ignored)) found = "a file";
    throw Error("data/missing", root, kLayout, found, kLayoutFix);
  }
  ImageSource source;
  source.height = options.height;
  source.width = options.width;
  source.channels = 3;
  source.class_names = SortedNames(root + "/train", true);
  if (source.class_names.size() < 2) {
    throw Error("data/classes", root + "/train", "at least two classes, one folder each",
                std::to_string(source.class_names.size()), kLayoutFix);
  }
  bool lasting = true;
  for (const char* name : {"train", "test"}) {
    bool test = std::string(name) == "test";
    if (test && !fs::is_directory(root + "/test", ignored)) {
      source.warnings.push_back("no test folder: accuracy on test images cannot be reported");
      break;
    }
    Listing listing;
    for (const std::string& class_name : SortedNames(root + "/" + name, true)) {
      auto at = std::lower_bound(source.class_names.begin(), source.class_names.end(), class_name);
      if (at == source.class_names.end() || *at != class_name) {
        throw Error("data/classes", root + "/test/" + class_name, "a class that train has too",
                    "no folder train/" + class_name, "rename or remove this folder");
      }
      ListClass(root, std::string(name) + "/" + class_name,
                static_cast<int>(at - source.class_names.begin()), listing);
    }
    Part part = OpenPart(root, name, listing, options, source.identity, source.warnings);
    if (!test) RequireEveryClass(root, name, part, source.class_names);
    WarnLeftOut(name, listing, source.warnings);
    lasting = lasting && part.lasting;
    source.unreadable.insert(source.unreadable.end(), part.unreadable.begin(),
                             part.unreadable.end());
    auto image_bytes =
        static_cast<uint64_t>(options.height) * static_cast<uint64_t>(options.width) * 3;
    (test ? source.test : source.train) = ToImages(std::move(part), image_bytes);
  }
  if (!lasting) source.identity.clear();
  return source;
}

}  // namespace tinyformer

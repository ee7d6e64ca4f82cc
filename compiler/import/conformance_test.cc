// The ONNX project's node tests for the operators that we import, through the importer and the
// float evaluator.
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "compiler/import/read_onnx.h"
#include "compiler/ops/evaluate.h"

namespace tinyformer {
namespace {

onnx::TensorProto ReadTensor(const std::string& path) {
  onnx::TensorProto tensor;
  EXPECT_TRUE(tensor.ParseFromString(ReadFile(path))) << path;
  return tensor;
}

std::vector<float> Floats(const onnx::TensorProto& tensor) {
  std::vector<float> values(tensor.raw_data().size() / sizeof(float));
  std::memcpy(values.data(), tensor.raw_data().data(), values.size() * sizeof(float));
  return values;
}

// Integer operands (Reshape's target), and what Sub and Div take from and by, become initialisers:
// the compiler takes constants there.
std::string ModelWithConstantIntegers(const std::string& folder,
                                      std::vector<std::vector<float>>* inputs) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(ReadFile(folder + "/model.onnx")));
  onnx::GraphProto& graph = *model.mutable_graph();
  for (int i = 0; i < graph.input_size(); ++i) {
    onnx::TensorProto tensor =
        ReadTensor(folder + "/test_data_set_0/input_" + std::to_string(i) + ".pb");
    const std::string& op = graph.node(0).op_type();
    const bool right = i == 1 && (op == "Sub" || op == "Div");
    if (tensor.data_type() == onnx::TensorProto::FLOAT && !right) {
      inputs->push_back(Floats(tensor));
      continue;
    }
    tensor.set_name(graph.input(i).name());
    *graph.add_initializer() = tensor;
  }
  return model.SerializeAsString();
}

class NodeTest : public ::testing::TestWithParam<std::string> {};

TEST_P(NodeTest, GivesTheExpectedOutput) {
  const std::string folder = std::string(NODE_TESTS) + "/" + GetParam();
  if (!std::filesystem::exists(folder))
    FAIL() << folder << " is not in this version of libonnx-testdata";
  std::vector<std::vector<float>> inputs;
  ImportOptions options;
  options.any_inputs = true;
  Graph graph = ParseOnnx(ModelWithConstantIntegers(folder, &inputs), GetParam(), options);
  std::vector<Tensor> outputs = FloatEvaluator(graph).Run(inputs);
  onnx::TensorProto expected = ReadTensor(folder + "/test_data_set_0/output_0.pb");
  EXPECT_EQ(outputs[0].shape, Shape(expected.dims().begin(), expected.dims().end()));
  std::vector<float> values = Floats(expected);
  ASSERT_EQ(outputs[0].data.size(), values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(outputs[0].data[i], values[i], 1e-5f + 1e-4f * std::abs(values[i]))
        << "element " << i;
  }
}

const std::string kNodeTests[] = {"test_add",
                                  "test_add_bcast",
                                  "test_averagepool_2d_default",
                                  "test_averagepool_2d_pads",
                                  "test_averagepool_2d_pads_count_include_pad",
                                  "test_averagepool_2d_precomputed_pads",
                                  "test_averagepool_2d_precomputed_pads_count_include_pad",
                                  "test_averagepool_2d_precomputed_same_upper",
                                  "test_averagepool_2d_precomputed_strides",
                                  "test_averagepool_2d_same_lower",
                                  "test_averagepool_2d_same_upper",
                                  "test_averagepool_2d_strides",
                                  "test_basic_conv_with_padding",
                                  "test_basic_conv_without_padding",
                                  "test_batchnorm_epsilon",
                                  "test_batchnorm_example",
                                  "test_clip",
                                  "test_clip_default_inbounds",
                                  "test_clip_default_max",
                                  "test_clip_default_min",
                                  "test_clip_example",
                                  "test_clip_inbounds",
                                  "test_clip_outbounds",
                                  "test_clip_splitbounds",
                                  "test_conv_with_autopad_same",
                                  "test_conv_with_strides_and_asymmetric_padding",
                                  "test_conv_with_strides_no_padding",
                                  "test_conv_with_strides_padding",
                                  "test_div",
                                  "test_div_bcast",
                                  "test_div_example",
                                  "test_dropout_default",
                                  "test_dropout_default_old",
                                  "test_dropout_default_ratio",
                                  "test_flatten_axis0",
                                  "test_flatten_axis1",
                                  "test_flatten_axis2",
                                  "test_flatten_axis3",
                                  "test_flatten_default_axis",
                                  "test_flatten_negative_axis1",
                                  "test_flatten_negative_axis2",
                                  "test_flatten_negative_axis3",
                                  "test_flatten_negative_axis4",
                                  "test_gemm_alpha",
                                  "test_gemm_beta",
                                  "test_gemm_default_matrix_bias",
                                  "test_gemm_default_no_bias",
                                  "test_gemm_default_scalar_bias",
                                  "test_gemm_default_single_elem_vector_bias",
                                  "test_gemm_default_vector_bias",
                                  "test_gemm_default_zero_bias",
                                  "test_gemm_transposeB",
                                  "test_identity",
                                  "test_matmul_2d",
                                  "test_matmul_3d",
                                  "test_matmul_4d",
                                  "test_maxpool_2d_default",
                                  "test_maxpool_2d_dilations",
                                  "test_maxpool_2d_pads",
                                  "test_maxpool_2d_precomputed_pads",
                                  "test_maxpool_2d_precomputed_same_upper",
                                  "test_maxpool_2d_precomputed_strides",
                                  "test_maxpool_2d_same_lower",
                                  "test_maxpool_2d_same_upper",
                                  "test_maxpool_2d_strides",
                                  "test_mul",
                                  "test_mul_bcast",
                                  "test_mul_example",
                                  "test_relu",
                                  "test_reshape_extended_dims",
                                  "test_reshape_negative_dim",
                                  "test_reshape_negative_extended_dims",
                                  "test_reshape_one_dim",
                                  "test_reshape_reduced_dims",
                                  "test_reshape_reordered_all_dims",
                                  "test_reshape_reordered_last_dims",
                                  "test_reshape_zero_and_negative_dim",
                                  "test_reshape_zero_dim",
                                  "test_softmax_axis_2",
                                  "test_softmax_default_axis",
                                  "test_softmax_example",
                                  "test_softmax_large_number",
                                  "test_softmax_negative_axis",
                                  "test_squeeze",
                                  "test_squeeze_negative_axes",
                                  "test_sub",
                                  "test_sub_bcast",
                                  "test_sub_example",
                                  "test_transpose_all_permutations_0",
                                  "test_transpose_all_permutations_1",
                                  "test_transpose_all_permutations_2",
                                  "test_transpose_all_permutations_3",
                                  "test_transpose_all_permutations_4",
                                  "test_transpose_all_permutations_5",
                                  "test_transpose_default",
                                  "test_unsqueeze_axis_0",
                                  "test_unsqueeze_axis_1",
                                  "test_unsqueeze_axis_2",
                                  "test_unsqueeze_axis_3",
                                  "test_unsqueeze_negative_axes",
                                  "test_unsqueeze_three_axes",
                                  "test_unsqueeze_two_axes",
                                  "test_unsqueeze_unsorted_axes"};

INSTANTIATE_TEST_SUITE_P(Onnx, NodeTest, ::testing::ValuesIn(kNodeTests),
                         [](const auto& tested) { return tested.param.substr(5); });

}  // namespace
}  // namespace tinyformer

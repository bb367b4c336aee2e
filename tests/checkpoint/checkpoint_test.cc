#include "checkpoint/checkpoint.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <utility>

#include "checkpoint/bytes.h"
#include "error_of.h"
#include "temporary_folder.h"

namespace headspec::checkpoint {
namespace {

static_assert(!std::is_copy_constructible_v<Checkpoint> && std::is_nothrow_move_constructible_v<Checkpoint>);

const std::string kA = SafetensorsFile(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "aa");
const std::string kB = SafetensorsFile(
    R"({"b":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"c":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}})",
    "bbbb");

class CheckpointTest : public TemporaryFolderTest {
 protected:
  // The two shards and the given index.
  void WriteShards(std::string_view index) const {
    Write("1.safetensors", kA);
    Write("2.safetensors", kB);
    Write("model.safetensors.index.json", index);
  }
  std::string OpenError() const {
    return ErrorOf([&] { Checkpoint::Open(folder_); });
  }
  std::string Index() const { return "kInput: " + At("model.safetensors.index.json") + ": "; }
};

constexpr const char* kGoodIndex =
    R"({"metadata":{"total_size":6,"x":[{"total_size":7}]},"weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"2.safetensors"},"y":[1,{"weight_map":{}},null]})";
constexpr const char* kAgain = "; download the checkpoint again";

TEST_F(CheckpointTest, OpensASingleFile) {
  Write("model.safetensors", kB);
  const Checkpoint checkpoint = Checkpoint::Open(folder_);
  ASSERT_EQ(checkpoint.tensors().size(), 2u);
  const Tensor* tensor = checkpoint.Find("b");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->dtype, DType::kF32);
  EXPECT_TRUE(tensor->shape.empty());
  EXPECT_EQ(Text(tensor->bytes), "bbbb");
  EXPECT_EQ(tensor->file, "model.safetensors");
  EXPECT_TRUE(checkpoint.Find("c")->bytes.empty());
  EXPECT_EQ(checkpoint.Find("d"), nullptr);
  ASSERT_EQ(checkpoint.files().size(), 1u);
  EXPECT_EQ(checkpoint.files()[0].name, "model.safetensors");
  EXPECT_EQ(checkpoint.files()[0].bytes, kB.size());
}

TEST_F(CheckpointTest, OpensShards) {
  WriteShards(kGoodIndex);
  const Checkpoint checkpoint = Checkpoint::Open(folder_);
  ASSERT_EQ(checkpoint.files().size(), 2u);
  EXPECT_EQ(checkpoint.files()[1].name, "2.safetensors");
  EXPECT_EQ(Text(checkpoint.Find("a")->bytes), "aa");
  EXPECT_EQ(checkpoint.Find("a")->file, "1.safetensors");
  EXPECT_EQ(Text(checkpoint.Find("b")->bytes), "bbbb");
  EXPECT_EQ(checkpoint.tensors().size(), 3u);
}

TEST_F(CheckpointTest, KeepsTensorsWhenMoved) {
  WriteShards(kGoodIndex);
  Checkpoint first = Checkpoint::Open(folder_);
  const Tensor* a = first.Find("a");
  const Checkpoint second = std::move(first);
  EXPECT_EQ(second.Find("a"), a);
  EXPECT_EQ(Text(a->bytes), "aa");
}

TEST_F(CheckpointTest, TakesAdviceForEveryTensor) {
  WriteShards(kGoodIndex);
  const Checkpoint checkpoint = Checkpoint::Open(folder_);
  for (const Tensor& tensor : checkpoint.tensors()) {
    checkpoint.WillNeed(tensor);
    checkpoint.DontNeed(tensor);
  }
  EXPECT_EQ(Text(checkpoint.Find("b")->bytes), "bbbb");
}

TEST_F(CheckpointTest, PrefersTheSingleFileAsTransformersDoes) {
  WriteShards(kGoodIndex);
  Write("model.safetensors", kB);
  EXPECT_EQ(Checkpoint::Open(folder_).files().size(), 1u);
}

TEST_F(CheckpointTest, FollowsLinksAsTheHubCacheHasThem) {
  Write("blob", kB);
  std::filesystem::create_symlink("blob", folder_ / "model.safetensors");
  EXPECT_EQ(Checkpoint::Open(folder_).files()[0].name, "model.safetensors");
}

TEST_F(CheckpointTest, LeavesTheTotalSizeOfAnIndexAlone) {
  const std::string map = R"("weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"2.safetensors"}})";
  WriteShards("{" + map);
  EXPECT_EQ(Checkpoint::Open(folder_).tensors().size(), 3u);
  WriteShards(R"({"metadata":{"total_size":7},)" + map);
  EXPECT_EQ(Checkpoint::Open(folder_).tensors().size(), 3u);
}

TEST_F(CheckpointTest, NamesTheFileThatIsMalformed) {
  Write("model.safetensors", "");
  EXPECT_EQ(OpenError(), "kInput: " + At("model.safetensors") +
                             ": HeaderTooSmall: expected at least 8 bytes, found 0; download the file again");
}

TEST_F(CheckpointTest, SaysThatTheFolderIsMissing) {
  EXPECT_EQ(ErrorOf([&] { Checkpoint::Open(folder_ / "x"); }),
            "kSystem: " + At("x") + ": no such folder; check the path");
}

TEST_F(CheckpointTest, RefusesAFileInPlaceOfTheFolder) {
  Write("x", "");
  EXPECT_EQ(ErrorOf([&] { Checkpoint::Open(folder_ / "x"); }),
            "kInput: " + At("x") +
                ": expected a folder, found a file; name the folder that holds model.safetensors");
}

TEST_F(CheckpointTest, SaysWhatItLookedFor) {
  EXPECT_EQ(OpenError(),
            "kSystem: " + folder_.string() +
                ": no weights: looked for model.safetensors and model.safetensors.index.json; check the "
                "path, or download the model");
}

TEST_F(CheckpointTest, RefusesPickledWeightsAndSaysHowToConvertThem) {
  const auto expected = [&](const std::string& folder, const std::string& name, const std::string& quoted) {
    return "kInput: " + folder + ": found " + name +
           " but no model.safetensors: pickled weights are not read, since reading them runs the code in "
           "them; convert it once, if you trust it: python -c \"import sys; from transformers import "
           "AutoModelForCausalLM as M; f = sys.argv[1]; M.from_pretrained(f, torch_dtype='auto')."
           "save_pretrained(f, safe_serialization=True)\" " +
           quoted;
  };
  for (const std::string name : {"pytorch_model.bin.index.json", "pytorch_model.bin"}) {
    Write(name, "");
    EXPECT_EQ(OpenError(), expected(folder_.string(), name, "'" + folder_.string() + "'"));
  }
  Write("it's $HOME/pytorch_model.bin", "");
  EXPECT_EQ(ErrorOf([&] { Checkpoint::Open(folder_ / "it's $HOME"); }),
            expected(At("it's $HOME"), "pytorch_model.bin", "'" + At("it'\\''s $HOME") + "'"));
}

TEST_F(CheckpointTest, NamesWeightsInAnotherLayout) {
  const auto expected = [&](const std::string& name, const std::string& next) {
    return "kInput: " + folder_.string() + ": found \"" + name +
           "\" but neither model.safetensors nor model.safetensors.index.json: only safetensors as "
           "transformers writes them are read; " +
           next;
  };
  const std::string other = "download the safetensors version of the model, or convert it to that";
  Write("tokenizer.model", "");
  Write("attention.safetensors", kA);
  Write("model.Q4_K_M.gguf", "");
  EXPECT_EQ(OpenError(), expected("model.Q4_K_M.gguf", "download the model that it was made from"));
  // The first by name, whatever the order of the folder.
  for (const std::string name : {"model-00001-of-00002.safetensors", "consolidated.safetensors",
                                 "consolidated.00.pth", "checkpoint.pt"}) {
    Write(name, "");
    EXPECT_EQ(OpenError(), expected(name, other));
  }
}

TEST_F(CheckpointTest, RefusesAFolderInPlaceOfTheFile) {
  std::filesystem::create_directory(folder_ / "model.safetensors");
  EXPECT_EQ(OpenError(), "kInput: " + At("model.safetensors") +
                             ": expected a file, found a folder; remove it and download the file again");
}

TEST_F(CheckpointTest, SaysThatALinkLeadsNowhere) {
  std::filesystem::create_symlink("nowhere", folder_ / "model.safetensors");
  EXPECT_EQ(OpenError(),
            "kSystem: " + At("model.safetensors") +
                ": cannot open: No such file or directory; check the path, or download the file again");
}

TEST_F(CheckpointTest, NamesEveryMissingShard) {
  WriteShards(R"({"weight_map":{"a":"1.safetensors","b":"3.safetensors","c":"4.safetensors"}})");
  EXPECT_EQ(OpenError(), "kSystem: " + At("model.safetensors.index.json") +
                             ": 2 of 3 shards missing: \"3.safetensors\", \"4.safetensors\"; download them");
}

TEST_F(CheckpointTest, RefusesATensorInTwoShards) {
  WriteShards(R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"3.safetensors"}})");
  Write("3.safetensors", kA);
  EXPECT_EQ(OpenError(), "kInput: " + folder_.string() +
                             ": ShardDuplicateTensor: tensor \"a\" is in 1.safetensors and in 3.safetensors" +
                             kAgain);
}

TEST_F(CheckpointTest, RefusesATensorThatNoShardHas) {
  WriteShards(R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors","z":"2.safetensors"}})");
  EXPECT_EQ(
      OpenError(),
      Index() + "ShardLacksTensor: tensor \"z\": expected in 2.safetensors, but no shard has it" + kAgain);
}

TEST_F(CheckpointTest, RefusesATensorInAnotherShardThanTheIndexSays) {
  WriteShards(R"({"weight_map":{"a":"1.safetensors","b":"1.safetensors","c":"2.safetensors"}})");
  EXPECT_EQ(OpenError(),
            Index() +
                "ShardLacksTensor: tensor \"b\": expected in 1.safetensors, but it is in 2.safetensors" +
                kAgain);
}

TEST_F(CheckpointTest, RefusesTensorsThatTheIndexDoesNotKnow) {
  WriteShards(R"({"weight_map":{"a":"1.safetensors","c":"2.safetensors"}})");
  EXPECT_EQ(OpenError(),
            Index() +
                "ShardSurplusTensor: 1 of 3 tensors are not in weight_map, the first is \"b\" in "
                "2.safetensors; index and shards are of different versions: download the checkpoint again");
}

}  // namespace
}  // namespace headspec::checkpoint

// attention.npz: written, read by Python's own zipfile, read back, and everything that does not fit refused.
#include "report/attention_arrays.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "report/helpers.h"
#include "report/npy_writer.h"
#include "report/zip_writer.h"

namespace headspec::report {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNext = "; take the attention.npz that was written beside results.json";

// Two models of 2 layers and 2 heads with prompts of 2 tokens and 1, every byte another.
RunResult KeptRun() {
  RunResult run = MeasureRun();
  std::uint8_t next = 0;
  for (ModelResult& model : run.models) {
    model.attention = {std::vector<std::uint8_t>(16), std::vector<std::uint8_t>(4)};
    for (auto& prompt : model.attention) {
      for (std::uint8_t& weight : prompt) weight = next++;
    }
  }
  return run;
}

RunResult WithoutAttention(RunResult run) {
  for (ModelResult& model : run.models) model.attention.clear();
  return run;
}

class AttentionArrays : public TemporaryFolderTest {
 protected:
  // An archive of one array of any bytes.
  void WriteEntry(const std::string& name, const std::string& bytes) const {
    fs::remove(npz_);
    ZipWriter archive(npz_, "attention");
    archive.AddBytes(name, bytes);
    archive.Close();
  }
  std::string ReadingError(ErrorKind kind = ErrorKind::kInput) const {
    RunResult run = WithoutAttention(KeptRun());
    run.models.pop_back();
    run.models.front().token_ids.pop_back();  // one prompt of two tokens is left
    const std::string error = ErrorOf([&] { ReadAttention(npz_, run); }, kind);
    EXPECT_FALSE(HasAttention(run));
    EXPECT_TRUE(error.starts_with(npz_.string() + ": ")) << error;
    EXPECT_TRUE(error.ends_with(kNext)) << error;
    return error.substr(npz_.string().size() + 2,
                        error.size() - npz_.string().size() - 2 - std::string(kNext).size());
  }

  const fs::path npz_ = folder_ / "attention.npz";
  const std::vector<std::uint8_t> sixteen_ = std::vector<std::uint8_t>(16);
};

TEST_F(AttentionArrays, AreReadBack) {
  const RunResult run = KeptRun();
  EXPECT_TRUE(HasAttention(run));
  WriteAttention(run, npz_);
  RunResult again = WithoutAttention(run);
  EXPECT_FALSE(HasAttention(again));
  ReadAttention(npz_, again);
  for (std::size_t i = 0; i < run.models.size(); ++i)
    EXPECT_EQ(again.models[i].attention, run.models[i].attention);
}

TEST_F(AttentionArrays, FailedModelsHaveNone) {
  RunResult run = KeptRun();
  run.models[0] = FailedModel("Phi-1.5 (1.3B)", "", "out of memory");
  WriteAttention(run, npz_);
  RunResult again = WithoutAttention(run);
  ReadAttention(npz_, again);
  EXPECT_TRUE(again.models[0].attention.empty());
  EXPECT_EQ(again.models[1].attention, run.models[1].attention);
}

TEST_F(AttentionArrays, AreReadByPython) {
  WriteAttention(KeptRun(), npz_);
  PutFile(folder_ / "reader.py", R"python(
import ast, struct, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    for name in archive.namelist():
        data = archive.read(name)
        length, = struct.unpack("<H", data[8:10])
        header = ast.literal_eval(data[10:10 + length].decode())
        print(name, header["descr"], header["fortran_order"], header["shape"], list(data[10 + length:]))
)python");
  const CommandResult read = RunCommand("python3 '" + At("reader.py") + "' '" + npz_.string() + "'");
  EXPECT_EQ(read.status, 0);
  EXPECT_EQ(read.output,
            "0/prompt_0.npy |u1 False (2, 2, 2, 2) [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]\n"
            "0/prompt_1.npy |u1 False (2, 2, 1, 1) [16, 17, 18, 19]\n"
            "1/prompt_0.npy |u1 False (2, 2, 2, 2) [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, "
            "34, 35]\n"
            "1/prompt_1.npy |u1 False (2, 2, 1, 1) [36, 37, 38, 39]\n");
}

TEST_F(AttentionArrays, TheMaskedHalfCostsLittle) {
  RunResult run = KeptRun();
  run.models.pop_back();
  ModelResult& model = run.models.front();
  constexpr std::size_t kTokens = 100;
  model.token_ids = {std::vector<int>(kTokens)};
  model.attention = {std::vector<std::uint8_t>(4 * kTokens * kTokens)};
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < model.attention[0].size(); ++i) {
    state = state * 1664525 + 1013904223;
    if (i % kTokens <= i / kTokens % kTokens) model.attention[0][i] = static_cast<std::uint8_t>(state >> 24);
  }
  WriteAttention(run, npz_);
  EXPECT_LT(fs::file_size(npz_), model.attention[0].size() * 6 / 10);
}

TEST_F(AttentionArrays, OtherShapesAndTypesAreRefused) {
  WriteEntry("0/prompt_0.npy", Npy({2, 2, 4, 1}, sixteen_));
  EXPECT_EQ(ReadingError(), "0/prompt_0.npy: expected uint8 (2, 2, 2, 2), found uint8 (2, 2, 4, 1)");
  WriteEntry("0/prompt_0.npy", Npy({2, 2, 2, 2}, std::vector<double>(16)));
  EXPECT_EQ(ReadingError(), "0/prompt_0.npy: expected uint8 (2, 2, 2, 2), found <f8 (2, 2, 2, 2)");
  std::string fortran = Npy({2, 2, 2, 2}, sixteen_);
  fortran.replace(fortran.find("False"), 5, "True ");
  WriteEntry("0/prompt_0.npy", fortran);
  EXPECT_EQ(ReadingError(),
            "0/prompt_0.npy: expected uint8 (2, 2, 2, 2), found uint8 in Fortran order (2, 2, 2, 2)");
}

TEST_F(AttentionArrays, DamagedOnesAreRefused) {
  EXPECT_EQ(ReadingError(ErrorKind::kSystem), "no such file");
  PutFile(npz_, "no archive");
  EXPECT_EQ(ReadingError(), "not an .npz archive");
  const std::string whole = Npy({2, 2, 2, 2}, sixteen_);
  WriteEntry("0/prompt_0.npy", whole.substr(0, whole.size() - 1));
  EXPECT_EQ(ReadingError(), "0/prompt_0.npy: expected 16 bytes of data, found 15");
  WriteEntry("0/prompt_0.npy", whole + "x");
  EXPECT_EQ(ReadingError(), "0/prompt_0.npy: expected 16 bytes of data, found 17");
  WriteEntry("0/prompt_0.npy", "x");
  EXPECT_EQ(ReadingError(), "0/prompt_0.npy: not an .npy array");
  WriteEntry("0/prompt_0.npy", std::string(100'000, '\0'));
  EXPECT_EQ(ReadingError(), "0/prompt_0.npy: 100000 bytes are too many for shape (2, 2, 2, 2)");
}

TEST_F(AttentionArrays, AFlippedByteIsFound) {
  RunResult run = KeptRun();
  run.models.pop_back();
  run.models.front().attention.pop_back();
  WriteAttention(run, npz_);
  std::string bytes = ReadFile(npz_);
  for (std::size_t at = 60; at < 90; ++at) {  // within the one compressed array
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    PutFile(npz_, bytes);
    EXPECT_EQ(ReadingError(), "0/prompt_0.npy: cannot be unpacked from the archive") << at;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
  }
}

TEST_F(AttentionArrays, OfAnotherRunAreRefused) {
  WriteAttention(KeptRun(), npz_);
  EXPECT_EQ(ReadingError(), "expected 1 arrays for the models and prompts of this run, found 4");
  WriteEntry("models.npy", Npy({"a"}));
  EXPECT_EQ(ReadingError(), "expected 0 arrays for the models and prompts of this run, found 1");
  RunResult run = KeptRun();
  run.models[0].attention.pop_back();
  fs::remove(npz_);
  WriteAttention(run, npz_);
  EXPECT_EQ(ErrorOf([&] { ReadAttention(npz_, run); }, ErrorKind::kInput),
            npz_.string() + ": expected 0/prompt_1.npy, found none" + kNext);
}

TEST_F(AttentionArrays, NothingIsOverwritten) {
  PutFile(npz_, "mine");
  EXPECT_EQ(ErrorOf([&] { WriteAttention(KeptRun(), npz_); }, ErrorKind::kSystem),
            "cannot write attention " + npz_.string() +
                ": it exists and nothing is overwritten; choose an output folder that can be written");
  EXPECT_EQ(ReadFile(npz_), "mine");
}

}  // namespace
}  // namespace headspec::report

// Hashes of a model's files: where they come from, when they are computed, and that they are of these files.
#include "experiment/file_hashes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <chrono>
#include <map>
#include <thread>

#include "core/hash.h"
#include "error_of.h"
#include "experiment/files.h"
#include "experiment/own_cache.h"
#include "experiment/own_cache_folder.h"
#include "experiment/subject.h"
#include "experiment/subject_files.h"
#include "experiment/subject_of.h"
#include "golden.h"

namespace headspec::experiment {
namespace {
namespace fs = std::filesystem;

// Counts the bytes that were hashed with a bar, and cancels if asked to.
class ByteCounter final : public Progress {
 public:
  void Begin(std::string_view what, std::int64_t, WorkUnit unit) override {
    what_ = what;
    in_bytes = unit == WorkUnit::kBytes;
  }
  void Advance(std::int64_t units) override {
    bytes += units;
    same_thread = same_thread && std::this_thread::get_id() == thread_;
  }
  void End() override {}
  bool Cancelled() const override { return cancelled; }

  std::int64_t bytes = 0;
  bool in_bytes = false;
  bool same_thread = true;
  bool cancelled = false;
  std::string what_;

 private:
  const std::thread::id thread_ = std::this_thread::get_id();
};

void SetTime(const fs::path& file, std::int64_t seconds_ago) {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const std::array<timespec, 2> times = {{{now - seconds_ago, 0}, {now - seconds_ago, 0}}};
  ASSERT_EQ(utimensat(AT_FDCWD, file.c_str(), times.data(), 0), 0);
}

std::string Sha256(std::string_view bytes) { return "sha256:" + HexHash(HashKind::kSha256, bytes); }

class FileHashesTest : public OwnCacheTest {};

TEST_F(FileHashesTest, OfSeveralFilesOnSeveralThreads) {
  std::vector<FileToHash> files;
  std::vector<std::string> expected;
  std::int64_t total = 0;
  for (int i = 0; i < 9; ++i) {
    const std::string bytes(static_cast<std::size_t>(i) * 300'000, static_cast<char>('a' + i));
    files.push_back({Write("f" + std::to_string(i), bytes), bytes.size(), i % 3 == 0});
    Hasher git = GitBlobHasher(bytes.size());
    git.Add(bytes);
    expected.push_back(i % 3 == 0 ? "git-sha1:" + git.Hex() : Sha256(bytes));
    total += static_cast<std::int64_t>(bytes.size());
  }
  for (const int threads : {0, 1, 4, 20}) {
    ByteCounter progress;
    EXPECT_EQ(HashFiles(files, threads, progress), expected) << threads;
    EXPECT_EQ(progress.bytes, total);
    EXPECT_TRUE(progress.in_bytes && progress.same_thread);
    EXPECT_EQ(progress.what_, "hashing files");
  }
  SilentProgress silent;
  EXPECT_TRUE(HashFiles({}, 2, silent).empty());
}

TEST_F(FileHashesTest, StopWhenAskedTo) {
  // A sparse file that takes seconds to hash.
  const fs::path file = Write("large", "");
  fs::resize_file(file, std::uintmax_t{8} << 30);
  ByteCounter progress;
  progress.cancelled = true;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(ErrorOf([&] {
              HashFiles({{file, 8ull << 30}}, 1, progress);
            }),
            "kInterrupted: interrupted: nothing was written");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST_F(FileHashesTest, NameTheFileThatCannotBeRead) {
  SilentProgress silent;
  EXPECT_EQ(ErrorOf([&] { HashFiles({{folder_ / "none"}}, 2, silent); }),
            "kSystem: " + At("none") +
                ": cannot be read (No such file or directory); check the path and its permissions");
  EXPECT_EQ(ErrorOf([&] { RecomputeHashes(folder_, {{.name = "none"}}, 2, silent); }),
            "kSystem: " + At("none") + ": no such file; download the model again");
}

TEST_F(FileHashesTest, RecomputedInTheAlgorithmOfTheRecord) {
  Write("a", "content");
  Write("b", "content");
  SilentProgress silent;
  const std::string git = "git-sha1:6b584e8ece562ebffc15d38808cd6b98fc3d97ea";  // git hash-object
  EXPECT_EQ(RecomputeHashes(folder_,
                            {{.name = "a", .hash = git, .hash_from_name = true},
                             {.name = "b", .hash = "sha256:", .hash_from_name = false}},
                            2, silent),
            (std::vector<std::string>{git, Sha256("content")}));
}

TEST_F(FileHashesTest, FromTheNameOfABlob) {
  const std::string sha256(64, 'a');
  const std::string sha1(40, 'b');
  const fs::path snapshot = folder_ / "models--o--m" / "snapshots" / std::string(40, 'c');
  fs::create_directories(snapshot);
  const auto link = [&](const std::string& name, const std::string& blob,
                        const std::string& blobs = "blobs") {
    Write("models--o--m/" + blobs + "/" + blob, "x");
    fs::create_symlink(fs::path("../..") / blobs / blob, snapshot / name);
    return HashInBlobName(snapshot, name);
  };
  EXPECT_EQ(link("weights", sha256), "sha256:" + sha256);
  EXPECT_EQ(link("small", sha1), "git-sha1:" + sha1);
  EXPECT_EQ(link("short", std::string(39, 'b')), "");
  EXPECT_EQ(link("upper", std::string(64, 'A')), "");
  EXPECT_EQ(link("no hex", std::string(64, 'g')), "");
  EXPECT_EQ(link("partial", sha256 + ".incomplete"), "");
  EXPECT_EQ(link("elsewhere", sha256, "not-blobs"), "");
  // The name of a link counts as little as that of a file that is no blob.
  fs::create_symlink(folder_ / "models--o--m" / "blobs" / sha1,
                     folder_ / "models--o--m" / "blobs" / std::string(64, 'd'));
  fs::create_symlink(fs::path("../../blobs") / std::string(64, 'd'), snapshot / "chain");
  EXPECT_EQ(HashInBlobName(snapshot, "chain"), "git-sha1:" + sha1);
  Write("outside", "y");
  fs::create_symlink(folder_ / "outside", folder_ / "models--o--m" / "blobs" / std::string(64, 'e'));
  fs::create_symlink(fs::path("../../blobs") / std::string(64, 'e'), snapshot / "away");
  EXPECT_EQ(HashInBlobName(snapshot, "away"), "");
  Write("models--o--m/snapshots/" + std::string(40, 'c') + "/plain", "z");
  EXPECT_EQ(HashInBlobName(snapshot, "plain"), "");
  EXPECT_EQ(HashInBlobName(snapshot, "missing"), "");
  // Through a link to the snapshot as well, but not from a folder that is none.
  fs::create_symlink(snapshot, folder_ / "model");
  EXPECT_EQ(HashInBlobName(folder_ / "model", "weights"), "sha256:" + sha256);
  fs::create_directory(folder_ / "copy");
  fs::create_symlink(folder_ / "models--o--m" / "blobs" / sha256, folder_ / "copy" / "weights");
  EXPECT_EQ(HashInBlobName(folder_ / "copy", "weights"), "");
}

// A remembered hash is of exactly this version of a file.
TEST_F(FileHashesTest, Remembered) {
  const fs::path file = Write("weights", "content");
  const FileStamp stamp = *StampOf(file);
  const std::int64_t later = std::max(stamp.modified_ns, stamp.changed_ns) + 2'000'000'000;
  EXPECT_EQ(RememberedSha256(file, stamp), "");
  RememberSha256(file, stamp, Sha256("content"), later - 1);
  EXPECT_EQ(RememberedSha256(file, stamp), "") << "changed less than two seconds before";
  RememberSha256(file, stamp, Sha256("content"), later);
  EXPECT_EQ(RememberedSha256(file, stamp), Sha256("content"));
  EXPECT_EQ(RememberedSha256(folder_ / "other", stamp), "");
  for (const auto& change : std::vector<void (*)(FileStamp&)>{
           [](FileStamp& s) { ++s.device; }, [](FileStamp& s) { ++s.inode; }, [](FileStamp& s) { ++s.bytes; },
           [](FileStamp& s) { ++s.modified_ns; }, [](FileStamp& s) { ++s.changed_ns; }}) {
    FileStamp other = stamp;
    change(other);
    EXPECT_NE(other, stamp);
    EXPECT_EQ(RememberedSha256(file, other), "");
  }
}

TEST_F(FileHashesTest, DamagedMemoryIsNoMemory) {
  const fs::path file = Write("weights", "content");
  const FileStamp stamp = *StampOf(file);
  RememberSha256(file, stamp, Sha256("content"), stamp.changed_ns + 3'000'000'000);
  const fs::path memory = fs::directory_iterator(cache_ / "hashes")->path();
  const std::string bytes = ReadWholeFile(memory, "memory");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    std::ofstream(memory, std::ios::binary) << damaged;
    EXPECT_EQ(RememberedSha256(file, stamp), "") << "byte " << i;
    std::ofstream(memory, std::ios::binary) << bytes.substr(0, i);
    EXPECT_EQ(RememberedSha256(file, stamp), "") << "cut at " << i;
  }
  std::ofstream(memory, std::ios::binary) << bytes;
  EXPECT_EQ(RememberedSha256(file, stamp), Sha256("content"));
}

TEST_F(FileHashesTest, OwnCacheFolderFollowsTheEnvironment) {
  EXPECT_EQ(OwnCacheFolder(), cache_);
  for (const char* ignored : {"", "relative/folder"}) {
    const EnvironmentValue own("HEADSPEC_CACHE", ignored);
    const EnvironmentValue home("HOME", "/home/me");
    {
      const EnvironmentValue xdg("XDG_CACHE_HOME", "/xdg");
      EXPECT_EQ(OwnCacheFolder(), "/xdg/headspec");
    }
    const EnvironmentValue xdg("XDG_CACHE_HOME", ignored);
    EXPECT_EQ(OwnCacheFolder(), "/home/me/.cache/headspec");
    const EnvironmentValue no_home("HOME", ignored);
    EXPECT_EQ(OwnCacheFolder(), "");
  }
}

// A model whose weights are worth remembering: phi-mha, and a megabyte that its header calls metadata.
class ModelFilesTest : public OwnCacheTest {
 protected:
  void SetUp() override {
    fs::copy(golden::Folder() / "checkpoints" / "phi-mha", model_);
    const std::string bytes = ReadWholeFile(model_ / "model.safetensors", "weights");
    std::uint64_t header = 0;
    for (int i = 7; i >= 0; --i)
      header = header << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    const std::string padding(kWorthRemembering, ' ');
    header += padding.size();
    std::string larger;
    for (int i = 0; i < 8; ++i) larger += static_cast<char>(header >> (8 * i) & 0xff);
    const std::size_t data = 8 + header - padding.size();
    larger += bytes.substr(8, data - 8) + padding + bytes.substr(data);
    fs::permissions(model_ / "model.safetensors", fs::perms::owner_write, fs::perm_options::add);
    std::ofstream(model_ / "model.safetensors", std::ios::binary) << larger;
  }

  // Loads and identifies; `bytes` are those that were hashed with a bar.
  SubjectFiles Identify(std::int64_t* bytes = nullptr, std::int64_t seconds_later = 10) {
    ModelEntry entry;
    entry.name = model_.string();
    Subject subject = SubjectOf(entry);
    subject.stamps.taken_ns += seconds_later * 1'000'000'000;
    ByteCounter progress;
    experiment::Identify(subject, 2, progress);
    if (bytes != nullptr) *bytes = progress.bytes;
    return *subject.files;
  }

  std::map<std::string, FileRecord> ByName(const SubjectFiles& files) {
    std::map<std::string, FileRecord> records;
    for (const FileRecord& record : files.records) records[record.name] = record;
    return records;
  }

  const fs::path model_ = folder_ / "m";
};

TEST_F(ModelFilesTest, ListsWhatIsRead) {
  Write("m/vocab.json", "{}");     // not read beside tokenizer.json
  Write("m/generation.txt", "x");  // never read
  Write("m/additional_chat_templates/tool.jinja", "t");
  std::int64_t bytes = 0;
  const SubjectFiles files = Identify(&bytes);
  auto records = ByName(files);
  EXPECT_EQ(files.records.front().name, "config.json");
  EXPECT_EQ(files.records.back().name, "model.safetensors");
  EXPECT_TRUE(records.contains("tokenizer.json"));
  EXPECT_EQ(records["additional_chat_templates/tool.jinja"].hash, Sha256("t"));
  EXPECT_FALSE(records.contains("vocab.json"));
  EXPECT_FALSE(records.contains("generation.txt"));
  std::uint64_t total = 0;
  for (const auto& [name, record] : records) {
    total += record.bytes;
    EXPECT_EQ(record.bytes, fs::file_size(model_ / name));
    EXPECT_FALSE(record.hash_from_name);
    SilentProgress silent;
    EXPECT_EQ(RecomputeHashes(model_, {record}, 1, silent).front(), record.hash) << name;
  }
  EXPECT_EQ(static_cast<std::uint64_t>(bytes), total);
  EXPECT_EQ(files.content, records["config.json"].hash + " config.json\n" +
                               records["model.safetensors"].hash + " model.safetensors\n");
}

TEST_F(ModelFilesTest, ListsShardsAndTheirIndex) {
  ModelEntry entry;
  entry.name = (golden::Folder() / "checkpoints" / "phi-two-shards").string();
  Subject subject = SubjectOf(entry);
  SilentProgress silent;
  experiment::Identify(subject, 2, silent);
  const auto records = ByName(*subject.files);
  EXPECT_TRUE(records.contains("model.safetensors.index.json"));
  EXPECT_EQ(std::count(subject.files->content.begin(), subject.files->content.end(), '\n'), 4);
}

TEST_F(ModelFilesTest, HashesLargeFilesOnce) {
  std::int64_t bytes = 0;
  const SubjectFiles first = Identify(&bytes);
  EXPECT_GT(bytes, static_cast<std::int64_t>(kWorthRemembering));
  const SubjectFiles second = Identify(&bytes);
  EXPECT_EQ(bytes, 0);
  EXPECT_EQ(second.content, first.content);
}

TEST_F(ModelFilesTest, HashesAgainWhatWasTouchedOrWritten) {
  std::int64_t bytes = 0;
  const SubjectFiles first = Identify();
  SetTime(model_ / "model.safetensors", 100);
  EXPECT_EQ(Identify(&bytes).content, first.content);
  EXPECT_GT(bytes, 0) << "touched";
  Identify(&bytes);
  EXPECT_EQ(bytes, 0);
  // One byte, and the old time put back: the time of change cannot be.
  const auto time = fs::last_write_time(model_ / "model.safetensors");
  {
    std::fstream file(model_ / "model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-1, std::ios::end);
    file.put('\x01');
  }
  fs::last_write_time(model_ / "model.safetensors", time);
  EXPECT_NE(Identify(&bytes).content, first.content);
  EXPECT_GT(bytes, 0) << "written";
}

TEST_F(ModelFilesTest, DoesNotRememberWhatHasJustChanged) {
  std::int64_t bytes = 0;
  Identify(&bytes, 0);
  Identify(&bytes, 0);
  EXPECT_GT(bytes, 0);
}

TEST_F(ModelFilesTest, RefusesWhatChangedWhileItWasOpened) {
  const auto error = [&](const std::string& name, const auto& change) {
    ModelEntry entry;
    entry.name = model_.string();
    Subject subject = SubjectOf(entry);
    change();
    SilentProgress silent;
    EXPECT_EQ(ErrorOf([&] { experiment::Identify(subject, 2, silent); }),
              "kSystem: " + (model_ / name).string() +
                  ": changed while the model was opened; wait until it is written, and run again");
  };
  error("config.json", [&] { SetTime(model_ / "config.json", 50); });
  error("model.safetensors", [&] { SetTime(model_ / "model.safetensors", 60); });
  error("config.json", [&] { fs::remove(model_ / "config.json"); });
}

// A folder that may be entered and not listed.
TEST_F(ModelFilesTest, DoesWithoutAList) {
  ModelEntry entry;
  entry.name = model_.string();
  Subject subject = SubjectOf(entry);
  subject.stamps = {.taken_ns = subject.stamps.taken_ns, .files = {}, .is_complete = false};
  SilentProgress silent;
  experiment::Identify(subject, 2, silent);
  EXPECT_EQ(subject.files->content, Identify().content);
}

// The mapped file is the old one and the hashed one is the new: they may differ.
TEST_F(ModelFilesTest, IsNotCertainOfWhatWasReplaced) {
  ModelEntry entry;
  entry.name = model_.string();
  Subject subject = SubjectOf(entry);
  const auto time = fs::last_write_time(model_ / "model.safetensors");
  fs::copy(model_ / "model.safetensors", folder_ / "new");
  fs::last_write_time(folder_ / "new", time);
  fs::rename(folder_ / "new", model_ / "model.safetensors");
  SilentProgress silent;
  experiment::Identify(subject, 2, silent);
  EXPECT_EQ(subject.files->content, "");
  EXPECT_EQ(subject.files->records.size(), Identify().records.size());
}

TEST_F(ModelFilesTest, NoticesWhatIsWrittenAfterwards) {
  const SubjectFiles files = Identify();
  EXPECT_EQ(WrittenFile(model_, files), "");
  fs::permissions(model_ / "config.json", fs::perms::owner_all);
  EXPECT_EQ(WrittenFile(model_, files), "");
  SetTime(model_ / "tokenizer.json", 50);
  EXPECT_EQ(WrittenFile(model_, files), "tokenizer.json");
  fs::rename(model_ / "tokenizer.json", folder_ / "old");
  EXPECT_EQ(WrittenFile(model_, files), "");
  Write("m/tokenizer.json", "another file");
  EXPECT_EQ(WrittenFile(model_, files), "");
}

// Small files of a hub cache are named by SHA-1; what the numbers depend on is hashed all the same.
TEST_F(ModelFilesTest, TakesBlobNamesButTrustsNoSha1) {
  const std::string plain = Identify().content;
  const fs::path repository = folder_ / "models--o--m";
  const fs::path snapshot = repository / "snapshots" / std::string(40, 'c');
  fs::create_directories(snapshot);
  fs::create_directories(repository / "blobs");
  const auto move = [&](const std::string& name, const std::string& blob) {
    fs::rename(model_ / name, repository / "blobs" / blob);
    fs::create_symlink(fs::path("../../blobs") / blob, snapshot / name);
  };
  SilentProgress silent;
  const std::string weights = RecomputeHashes(model_, {{.name = "model.safetensors"}}, 1, silent).front();
  move("model.safetensors", weights.substr(7));
  int files = 0;
  for (const auto& file : fs::directory_iterator(model_)) {
    if (file.path().extension() == ".json")
      move(file.path().filename(), std::string(39, '0') + static_cast<char>('0' + files++));
  }
  ModelEntry entry;
  entry.name = snapshot.string();
  Subject subject = SubjectOf(entry);
  ByteCounter progress;
  experiment::Identify(subject, 2, progress);
  EXPECT_EQ(progress.bytes, 0);
  EXPECT_EQ(subject.files->content, plain);
  auto records = ByName(*subject.files);
  for (const auto& [name, record] : records) EXPECT_TRUE(record.hash_from_name) << name;
  EXPECT_EQ(records["model.safetensors"].hash, weights);
  EXPECT_TRUE(records["config.json"].hash.starts_with("git-sha1:000"));
}

}  // namespace
}  // namespace headspec::experiment

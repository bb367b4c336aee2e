// What the hub's answers mean, without a network: the exact errors.
#include "hub/remote.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "error_of.h"

namespace headspec::hub {
namespace {

constexpr const char* kCommit = "0123456789abcdef0123456789abcdef01234567";
const std::string kEndpoint = "https://hub.example";
const std::string kSha256(64, 'a');

class RemoteTest : public testing::Test {
 protected:
  void SetUp() override { settings_.endpoint = kEndpoint; }

  void SetToken() {
    settings_.token = "hf_secret";
    settings_.token_source = "HF_TOKEN";
  }
  std::string Listing(const std::string& body) const {
    return ErrorOf([&] { ParseListing(model_, body); });
  }
  std::string File(const Answer& answer) const {
    return ErrorOf([&] { ParseFile(model_, kCommit, "model.safetensors", answer); });
  }
  std::string Status(const Answer& answer, const std::string& what = "config.json") const {
    return ErrorOf([&] { FailStatus(model_, what, kEndpoint + "/x", answer); });
  }
  bool CacheMayHelp(const Answer& answer) const {
    try {
      FailStatus(model_, "config.json", kEndpoint, answer);
    } catch (const HubRefusal& refusal) {
      return refusal.cache_may_help();
    }
  }

  Settings settings_;
  const RemoteModel model_{settings_, "org/name", "main"};
};

Answer WithCode(int status, const std::string& code, const std::string& message = "") {
  return {.status = status, .headers = {{"x-error-code", code}, {"x-error-message", message}}};
}

TEST_F(RemoteTest, EncodesAddresses) {
  const RemoteModel pull{settings_, "org/name", "refs/pr/1"};
  EXPECT_EQ(pull.ListingUrl(), "https://hub.example/api/models/org/name/revision/refs%2Fpr%2F1");
  EXPECT_EQ(pull.FileUrl(kCommit, "onnx/a b#?.json"),
            std::string("https://hub.example/org/name/resolve/") + kCommit + "/onnx/a%20b%23%3F.json");
}

TEST_F(RemoteTest, BranchesAndTags) {
  const std::string other(40, 'b');
  const std::string body =
      std::string(R"({"branches": [{"name": "main", "ref": "refs/heads/main", "targetCommit": ")") + kCommit +
      R"("}, {"name": "../x", "targetCommit": "1"}], "converts": [{"name": "parquet"}],
      "tags": [{"name": "main", "targetCommit": ")" +
      other + R"("}, {"name": "v1", "targetCommit": ")" + other + R"("}]})";
  EXPECT_EQ(ParseReferences(model_, body), (std::vector<Reference>{{"main", kCommit}, {"v1", other}}));
  EXPECT_TRUE(ParseReferences(model_, R"({"branches": []})").empty());
  EXPECT_EQ(model_.ReferencesUrl(), "https://hub.example/api/models/org/name/refs");
}

TEST_F(RemoteTest, FilesWithBlobs) {
  const std::string start = std::string(R"({"sha": ")") + kCommit + R"(", "siblings": [)";
  const auto large = [&](const std::string& sha256, const std::string& size) {
    return start + R"({"rfilename": "m.safetensors", "blobId": ")" + kCommit +
           R"(", "size": 7, "lfs": {"sha256": ")" + sha256 + R"(", "size": )" + size + "}}]}";
  };
  const FileListing listing = ParseFiles(model_, large(kSha256, "70"));
  EXPECT_EQ(listing.commit, kCommit);
  EXPECT_EQ(listing.files, (std::vector<RemoteFile>{{"m.safetensors", kSha256, 70}}));
  EXPECT_EQ(ParseFiles(model_, start + R"({"rfilename": "a", "blobId": ")" + kCommit +
                                   R"(", "size": 7}, {"rfilename": "/x"}]})")
                .files,
            (std::vector<RemoteFile>{{"a", kCommit, 7}}));
  const std::string answers =
      "kSystem: org/name: https://hub.example/api/models/org/name/revision/main?blobs=true did not "
      "answer as the hub does: ";
  const std::string next = "; check HF_ENDPOINT, and whether a proxy or a login page stands in between";
  EXPECT_EQ(ErrorOf([&] { ParseFiles(model_, large("abc", "70")); }),
            answers + "expected the sha256 of m.safetensors, found \"abc\"" + next);
  EXPECT_EQ(ErrorOf([&] { ParseFiles(model_, large(kSha256, "\"70\"")); }),
            answers + "expected the size of m.safetensors, found \"70\"" + next);
  EXPECT_EQ(ErrorOf([&] { ParseFiles(model_, start + "7"); }).substr(0, answers.size()), answers);
}

TEST_F(RemoteTest, WaitsAsLongAsTheRateLimitSays) {
  const auto wait = [](int status, const std::string& name, const std::string& value) {
    return RetryAfter({.status = status, .headers = {{name, value}}});
  };
  EXPECT_EQ(wait(429, "ratelimit", R"("api";r=0;t=55)"), 55);
  EXPECT_EQ(wait(429, "ratelimit", R"("api";r=0;t=55;x=1)"), 55);
  EXPECT_EQ(wait(429, "ratelimit", R"("api";r=0;t=x)"), 0);
  EXPECT_EQ(wait(429, "ratelimit", R"("api";r=0)"), 0);
  EXPECT_EQ(wait(503, "ratelimit", R"("api";r=9;t=55)"), 0);
  EXPECT_EQ(wait(429, "retry-after", "7"), 7);
}

TEST_F(RemoteTest, GivesTheTokenToTheEndpointOnly) {
  SetToken();
  EXPECT_EQ(model_.TokenFor("https://hub.example/org/name"), "hf_secret");
  EXPECT_EQ(model_.TokenFor("https://HUB.example:443/x"), "hf_secret");
  for (const char* url :
       {"http://hub.example/x", "https://hub.example:444/x", "https://cdn.hub.example/x", "https://example/x",
        "https://hub.example@evil.example/x", "https://hub.example.evil.example/x", ""})
    EXPECT_EQ(model_.TokenFor(url), "") << url;
}

TEST_F(RemoteTest, ReadsAListing) {
  const auto listing = ParseListing(
      model_,
      std::string(R"({"sha": ")") + kCommit +
          R"(", "siblings": [{"rfilename": "config.json"}, {"rfilename": "../x"}, {"rfilename": 1}, {}, 7,
                      {"rfilename": "/etc/passwd"}, {"rfilename": "onnx/model.onnx"}]})");
  EXPECT_EQ(listing.commit, kCommit);
  EXPECT_EQ(listing.files, (std::vector<std::string>{"config.json", "onnx/model.onnx"}));
}

TEST_F(RemoteTest, RefusesWhatIsNoListing) {
  const std::string where =
      "kSystem: org/name: https://hub.example/api/models/org/name/revision/main did not answer as the hub "
      "does: ";
  const std::string next = "; check HF_ENDPOINT, and whether a proxy or a login page stands in between";
  EXPECT_EQ(Listing("{}"), where + "expected a commit as sha, found \"\"" + next);
  EXPECT_EQ(Listing("[]"), where + "expected a commit as sha, found \"\"" + next);
  EXPECT_EQ(Listing("null"), where + "expected a commit as sha, found \"\"" + next);
  EXPECT_EQ(Listing(R"({"sha": "../../x"})"), where + "expected a commit as sha, found \"../../x\"" + next);
  EXPECT_EQ(Listing(R"({"sha": ")" + std::string(1000, 'a') + R"("})"),
            where + "expected a commit as sha, found \"" + std::string(100, 'a') + "...\"" + next);
  const std::string sha = std::string(R"({"sha": ")") + kCommit + "\"";
  EXPECT_EQ(Listing(sha + "}"), where + "expected a list of files as siblings" + next);
  EXPECT_EQ(Listing(sha + R"(, "siblings": {}})"), where + "expected a list of files as siblings" + next);
  for (const std::string& body : {std::string(), std::string("<html>"), std::string("{\"sha\": \"\xFF\"}"),
                                  std::string(100'000, '['), std::string("{\"sha\":")}) {
    const std::string error = Listing(body);
    EXPECT_EQ(error.rfind(where, 0), 0u) << error;
    EXPECT_TRUE(error.ends_with(next)) << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  }
}

TEST_F(RemoteTest, ReadsAFile) {
  const RemoteFile small = ParseFile(model_, kCommit, "config.json",
                                     {.status = 200,
                                      .headers = {{"x-repo-commit", kCommit},
                                                  {"etag", "W/\"" + std::string(40, 'b') + "\""},
                                                  {"content-length", "12"}}});
  EXPECT_EQ(small.name, "config.json");
  EXPECT_EQ(small.etag, std::string(40, 'b'));
  EXPECT_EQ(small.bytes, 12u);
  const RemoteFile large = ParseFile(model_, kCommit, "model.safetensors",
                                     {.status = 302,
                                      .headers = {{"x-repo-commit", kCommit},
                                                  {"etag", "\"other\""},
                                                  {"content-length", "1"},
                                                  {"x-linked-etag", "\"" + kSha256 + "\""},
                                                  {"x-linked-size", "5000000000"}}});
  EXPECT_EQ(large.etag, kSha256);
  EXPECT_EQ(large.bytes, 5'000'000'000u);
}

TEST_F(RemoteTest, RefusesAFileThatCouldNotBeVerified) {
  const std::string where = "kSystem: org/name: model.safetensors: expected ";
  const std::string next =
      "; check that https://hub.example is a hub or a mirror of it, and that no proxy changes its answers";
  Answer answer{.status = 200};
  EXPECT_EQ(File(answer), where + "the commit in X-Repo-Commit, found \"\"" + next);
  answer.headers["x-repo-commit"] = "main";
  EXPECT_EQ(File(answer), where + "the commit in X-Repo-Commit, found \"main\"" + next);
  answer.headers["x-repo-commit"] = kCommit;
  for (const std::string& etag : {std::string(), std::string("../../x"), std::string(64, 'A'),
                                  std::string(63, 'a'), "../" + std::string(61, 'a')}) {
    answer.headers["etag"] = "\"" + etag + "\"";
    EXPECT_EQ(File(answer), where + "a sha256 or git sha1 as ETag, found \"" + etag +
                                "\": the file could not be verified" + next);
  }
  answer.headers["etag"] = "\"" + kSha256 + "\"";
  for (const char* size : {"", "-1", "abc", "1 2", "1e3", "18446744073709551616", "0x10"}) {
    answer.headers["content-length"] = size;
    EXPECT_EQ(File(answer), where + "its size in Content-Length, found \"" + size + "\"" + next);
  }
}

TEST_F(RemoteTest, SaysWhoMayRead) {
  EXPECT_EQ(Status(WithCode(401, "GatedRepo")),
            "kSystem: org/name: gated, its files go to approved accounts only (HTTP 401, no token was sent); "
            "ask for "
            "access at https://hub.example/org/name, then set HF_TOKEN to your token");
  EXPECT_EQ(
      Status(WithCode(401, "RepoNotFound")),
      "kSystem: org/name: no such model at https://hub.example, or it is private (HTTP 401, no token was "
      "sent); check the spelling; for a private model set HF_TOKEN to a token that may read it");
  EXPECT_EQ(Status({.status = 401}), Status(WithCode(401, "RepoNotFound")));
  SetToken();
  EXPECT_EQ(Status(WithCode(403, "GatedRepo")),
            "kSystem: org/name: gated, its files go to approved accounts only (HTTP 403, with the token from "
            "HF_TOKEN); ask for access at https://hub.example/org/name with the account of that token");
  EXPECT_EQ(
      Status(WithCode(404, "RepoNotFound")),
      "kSystem: org/name: no such model at https://hub.example, or it is private (HTTP 404, with the token "
      "from HF_TOKEN); check the spelling, and that the token may read it");
  EXPECT_EQ(
      Status(WithCode(401, "", "Invalid credentials in Authorization header")),
      "kSystem: org/name: https://hub.example does not accept the token from HF_TOKEN (HTTP 401); it may be "
      "expired or mistyped: make a new one on the settings page of the hub, or unset it");
  EXPECT_EQ(
      Status(WithCode(403, "", "Forbidden")),
      "kSystem: org/name: https://hub.example refuses config.json (HTTP 403: Forbidden, with the token from "
      "HF_TOKEN); see https://hub.example/org/name for who may read it");
}

TEST_F(RemoteTest, RemindsOfTheOwner) {
  const RemoteModel name{settings_, "phi-2", "main"};
  EXPECT_EQ(
      ErrorOf([&] { FailStatus(name, "list of files", kEndpoint, WithCode(401, "RepoNotFound")); }),
      "kSystem: phi-2: no such model at https://hub.example, or it is private (HTTP 401, no token was sent); "
      "check the spelling (most models have an owner: org/name); for a private model set HF_TOKEN to a token "
      "that may read it");
}

TEST_F(RemoteTest, SaysWhatIsNotThere) {
  EXPECT_EQ(
      Status(WithCode(404, "RevisionNotFound")),
      "kSystem: org/name: no revision \"main\" at https://hub.example (HTTP 404); its branches and tags are "
      "listed at https://hub.example/org/name/tree/main");
  EXPECT_EQ(Status(WithCode(404, "EntryNotFound")),
            "kSystem: org/name: no file config.json in revision \"main\" at https://hub.example (HTTP 404); "
            "its files "
            "are listed at https://hub.example/org/name/tree/main");
  EXPECT_EQ(Status({.status = 404}),
            "kSystem: org/name: https://hub.example has no config.json and does not answer as the hub does "
            "(HTTP 404 "
            "without X-Error-Code); check HF_ENDPOINT");
  EXPECT_EQ(
      Status({.status = 418}),
      "kSystem: org/name: config.json cannot be had from https://hub.example (HTTP 418); try again later");
}

TEST_F(RemoteTest, SaysHowLongToWait) {
  EXPECT_EQ(
      Status({.status = 429, .headers = {{"retry-after", "3600"}}}),
      "kSystem: org/name: https://hub.example limits the rate of requests (HTTP 429, no token was sent); try "
      "again in 3600 s, or with HF_TOKEN set");
  SetToken();
  EXPECT_EQ(
      Status({.status = 429}),
      "kSystem: org/name: https://hub.example limits the rate of requests (HTTP 429, with the token from "
      "HF_TOKEN); try again in some minutes");
}

// Where the token was not sent, an account is not what is wrong.
TEST_F(RemoteTest, NamesTheHostThatRefuses) {
  SetToken();
  EXPECT_EQ(
      ErrorOf([&] { FailStatus(model_, "model.safetensors", "https://cdn.example/a?b", {.status = 403}); }),
      "kSystem: org/name: model.safetensors cannot be had from https://cdn.example (HTTP 403); try again "
      "later");
}

TEST_F(RemoteTest, RefusesAFileOfAnotherCommit) {
  EXPECT_EQ(File({.status = 200, .headers = {{"x-repo-commit", std::string(40, 'f')}}}),
            "kSystem: org/name: model.safetensors: expected the commit in X-Repo-Commit, found \"" +
                std::string(40, 'f') +
                "\"; check that https://hub.example is a hub or a mirror of it, and that no proxy changes "
                "its answers");
}

TEST_F(RemoteTest, KeepsTheServersWordsShort) {
  EXPECT_EQ(Status(WithCode(500, "", std::string(5000, 'x'))),
            "kSystem: org/name: config.json cannot be had from https://hub.example (HTTP 500: " +
                std::string(200, 'x') + "...); try again later");
}

TEST_F(RemoteTest, LetsTheCacheHelpUnlessThatWouldHideTheReason) {
  for (const Answer& answer : {WithCode(401, "GatedRepo"), WithCode(404, "RepoNotFound"), WithCode(500, ""),
                               WithCode(429, ""), WithCode(404, "")})
    EXPECT_TRUE(CacheMayHelp(answer)) << answer.status;
  for (const Answer& answer :
       {WithCode(404, "RevisionNotFound"), WithCode(404, "EntryNotFound"), WithCode(407, "")})
    EXPECT_FALSE(CacheMayHelp(answer)) << answer.status;
}

TEST_F(RemoteTest, SaysWhyThereIsNoAnswer) {
  const auto transfer = [&](Fault fault) {
    return ErrorOf([&] { FailTransfer(model_, "config.json", "https://hub.example:8/a/b", fault, "words"); });
  };
  EXPECT_EQ(transfer(Fault::kConnection),
            "kSystem: org/name: config.json: https://hub.example:8 cannot be reached (words); check the "
            "network; what "
            "has arrived is kept and the next try goes on from there");
  EXPECT_EQ(transfer(Fault::kOther), transfer(Fault::kConnection));
  EXPECT_EQ(
      transfer(Fault::kProxy),
      "kSystem: org/name: config.json: the proxy on the way to https://hub.example:8 fails (words); check "
      "https_proxy, http_proxy and no_proxy");
  EXPECT_EQ(transfer(Fault::kTls),
            "kSystem: org/name: config.json: no safe connection to https://hub.example:8 (words); check the "
            "machine's "
            "date and certificates; for a company's own, set REQUESTS_CA_BUNDLE to its file");
}

TEST(Transient, IsWhatMayGoBetterTheNextTime) {
  for (const int status : {408, 429, 500, 502, 503, 504})
    EXPECT_TRUE(IsTransient({.status = status})) << status;
  for (const int status : {200, 301, 400, 401, 403, 404, 416, 505})
    EXPECT_FALSE(IsTransient({.status = status})) << status;
}

TEST(RetryAfterTest, IsANumberOfSeconds) {
  EXPECT_EQ(RetryAfter({.headers = {{"retry-after", "17"}}}), 17);
  for (const char* value : {"", "-1", "0", "1.5", "soon", "Wed, 21 Oct 2026 07:28:00 GMT", "99999999999999"})
    EXPECT_EQ(RetryAfter({.headers = {{"retry-after", value}}}), 0) << value;
  EXPECT_EQ(RetryAfter({}), 0);
}

}  // namespace
}  // namespace headspec::hub

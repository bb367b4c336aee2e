// How the hub is reached, from the environment variables of the Python library.
#include "hub/settings.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "environment_test.h"
#include "error_of.h"

namespace headspec::hub {
namespace {

using std::chrono::milliseconds;

class CacheFolderTest : public EnvironmentTest {
 protected:
  void SetUp() override {
    for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"})
      Set(name, std::nullopt);
    Set("HOME", "/home/someone");
  }
};

TEST_F(CacheFolderTest, IsUnderHomeWithoutAnyVariable) {
  EXPECT_EQ(CacheFolder(), "/home/someone/.cache/huggingface/hub");
}

// Each variable wins over all set before it.
TEST_F(CacheFolderTest, TakesTheVariablesInTheOrderOfThePythonLibrary) {
  Set("XDG_CACHE_HOME", "/xdg");
  EXPECT_EQ(CacheFolder(), "/xdg/huggingface/hub");
  Set("HF_HOME", "/hf");
  EXPECT_EQ(CacheFolder(), "/hf/hub");
  Set("HUGGINGFACE_HUB_CACHE", "/old");
  EXPECT_EQ(CacheFolder(), "/old");
  Set("HF_HUB_CACHE", "/cache");
  EXPECT_EQ(CacheFolder(), "/cache");
}

TEST_F(CacheFolderTest, TreatsAnEmptyVariableAsUnset) {
  Set("HF_HUB_CACHE", "");
  Set("HUGGINGFACE_HUB_CACHE", "");
  Set("HF_HOME", "");
  Set("XDG_CACHE_HOME", "");
  EXPECT_EQ(CacheFolder(), "/home/someone/.cache/huggingface/hub");
}

TEST_F(CacheFolderTest, ExpandsTheTilde) {
  Set("HF_HOME", "~");
  EXPECT_EQ(CacheFolder(), "/home/someone/hub");
  Set("HF_HOME", "~/models");
  EXPECT_EQ(CacheFolder(), "/home/someone/models/hub");
  Set("HF_HOME", "/data/~");
  EXPECT_EQ(CacheFolder(), "/data/~/hub");
  Set("HF_HOME", "~other/models");
  EXPECT_EQ(CacheFolder(), "~other/models/hub");
}

TEST_F(CacheFolderTest, ExpandsVariables) {
  Set("HEADSPEC_TEST_DISK", "/disk");
  Set("HEADSPEC_TEST_UNSET", std::nullopt);
  for (const auto& [written, expected] : {std::pair{"$HEADSPEC_TEST_DISK/a", "/disk/a"},
                                          {"${HEADSPEC_TEST_DISK}a", "/diska"},
                                          {"/x/$HEADSPEC_TEST_DISK/${HEADSPEC_TEST_DISK}", "/x//disk//disk"},
                                          {"$HEADSPEC_TEST_UNSET/a", "$HEADSPEC_TEST_UNSET/a"},
                                          {"${HEADSPEC_TEST_DISK", "${HEADSPEC_TEST_DISK"},
                                          {"${}/a", "${}/a"},
                                          {"a$", "a$"},
                                          {"$$HEADSPEC_TEST_DISK", "$/disk"},
                                          {"$-/a", "$-/a"}}) {
    Set("HF_HUB_CACHE", written);
    EXPECT_EQ(CacheFolder(), expected) << written;
  }
}

// It would have no end here.
TEST_F(CacheFolderTest, DoesNotExpandValues) {
  Set("HEADSPEC_TEST_A", "x$HEADSPEC_TEST_B");
  Set("HEADSPEC_TEST_B", "y$HEADSPEC_TEST_B");
  Set("HF_HUB_CACHE", "$HEADSPEC_TEST_A");
  EXPECT_EQ(CacheFolder(), "x$HEADSPEC_TEST_B");
}

class SettingsTest : public EnvironmentTest {
 protected:
  void SetUp() override {
    for (const char* name :
         {"HF_ENDPOINT", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH",
          "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_ETAG_TIMEOUT",
          "HF_HUB_DOWNLOAD_TIMEOUT", "HEADSPEC_RETRY_PAUSE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
          "SSL_CERT_FILE", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})
      Set(name, std::nullopt);
    Set("HF_HOME", folder_.string());
  }

  // Token and where it came from.
  static std::pair<std::string, std::string> Token() {
    const Settings settings = SettingsFromEnvironment();
    return {settings.token, settings.token_source};
  }
  static std::string Refusal() {
    return ErrorOf([] { SettingsFromEnvironment(); });
  }
};

using Found = std::pair<std::string, std::string>;

TEST_F(SettingsTest, AreThoseOfThePublicHubWithoutAnyVariable) {
  const Settings settings = SettingsFromEnvironment();
  EXPECT_EQ(settings.endpoint, "https://huggingface.co");
  EXPECT_EQ(settings.cache, folder_ / "hub");
  EXPECT_EQ(settings.token, "");
  EXPECT_EQ(settings.token_source, "");
  EXPECT_EQ(settings.offline_reason, "");
  EXPECT_EQ(settings.ca_bundle, "");
  EXPECT_EQ(settings.metadata_timeout, milliseconds(10'000));
  EXPECT_EQ(settings.download_timeout, milliseconds(10'000));
  EXPECT_EQ(settings.first_pause, milliseconds(1'000));
}

// Each source wins over all set before it.
TEST_F(SettingsTest, TakeTheTokenInTheOrderOfThePythonLibrary) {
  const std::string file = Write("token", "hf_file\n");
  EXPECT_EQ(Token(), Found("hf_file", file));
  const std::string other = Write("elsewhere/secret", "  hf_other \r\n");
  Set("HF_TOKEN_PATH", other);
  EXPECT_EQ(Token(), Found("hf_other", other));
  Set("HUGGING_FACE_HUB_TOKEN", "hf_old");
  EXPECT_EQ(Token(), Found("hf_old", "HUGGING_FACE_HUB_TOKEN"));
  Set("HF_TOKEN", " hf_new\n");
  EXPECT_EQ(Token(), Found("hf_new", "HF_TOKEN"));
  Set("HF_TOKEN", " ");
  EXPECT_EQ(Token(), Found("hf_old", "HUGGING_FACE_HUB_TOKEN"));
}

TEST_F(SettingsTest, ExpandTheTokensPath) {
  Set("HEADSPEC_TEST_FOLDER", folder_.string());
  Set("HF_TOKEN_PATH", "$HEADSPEC_TEST_FOLDER/secret");
  Write("secret", "hf_secret");
  EXPECT_EQ(Token(), Found("hf_secret", At("secret")));
}

TEST_F(SettingsTest, HaveNoTokenWhereTheFileIsAbsentOrEmpty) {
  Set("HF_TOKEN_PATH", At("none"));
  EXPECT_EQ(Token(), Found("", ""));
  Set("HF_TOKEN_PATH", Write("empty", " \n").string());
  EXPECT_EQ(Token(), Found("", ""));
}

TEST_F(SettingsTest, SendNoTokenWhereThatIsSwitchedOff) {
  Set("HF_TOKEN", "hf_new");
  Write("token", "hf_file");
  Set("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
  EXPECT_EQ(Token(), Found("", ""));
  Set("HF_HUB_DISABLE_IMPLICIT_TOKEN", "0");
  EXPECT_EQ(Token(), Found("hf_new", "HF_TOKEN"));
}

// The error names the place and never shows the token.
TEST_F(SettingsTest, RefuseATokenThatWouldEndItsHeader) {
  const std::string rest =
      ": a token has no spaces or control characters; copy it again from the settings page of the hub";
  for (const char* token : {"hf_a\r\nX-Evil: 1", "hf_a b", "hf_\x01", "hf_\xC3\xA4", "hf_\x7F"}) {
    Set("HF_TOKEN", token);
    EXPECT_EQ(Refusal(), "kInput: HF_TOKEN" + rest);
  }
  Set("HF_TOKEN", std::nullopt);
  const std::string file = Write("token", "hf_a\nhf_b\n");
  EXPECT_EQ(Refusal(), "kInput: " + file + rest);
}

TEST_F(SettingsTest, AreOfflineByEitherVariable) {
  for (const char* name : {"TRANSFORMERS_OFFLINE", "HF_HUB_OFFLINE"}) {
    for (const char* value : {"1", "ON", "YES", "TRUE", "on", "Yes", "tRUE"}) {
      Set(name, value);
      EXPECT_EQ(SettingsFromEnvironment().offline_reason, std::string(name) + "=" + value);
    }
    for (const char* value : {"", "0", "2", "OFF", "no", "false", "y", "enabled", " 1", "1 "}) {
      Set(name, value);
      EXPECT_EQ(SettingsFromEnvironment().offline_reason, "") << name << "=" << value;
    }
  }
}

TEST_F(SettingsTest, TakeAnEndpointWithoutTheSlashAtItsEnd) {
  for (const auto& [written, expected] : {std::pair{"https://hub.example", "https://hub.example"},
                                          {"https://hub.example/", "https://hub.example"},
                                          {"http://127.0.0.1:8000//", "http://127.0.0.1:8000"},
                                          {"https://mirror.example/hf", "https://mirror.example/hf"},
                                          {"", "https://huggingface.co"}}) {
    Set("HF_ENDPOINT", written);
    EXPECT_EQ(SettingsFromEnvironment().endpoint, expected);
  }
}

TEST_F(SettingsTest, RefuseWhatIsNoEndpoint) {
  for (const char* written :
       {"hub.example", "ftp://hub.example", "file:///etc", "https:hub.example", "https://hub.example?x=1",
        "https://hub.example#x", "https://hub.example\r\nX: 1", "HTTPS//x"}) {
    Set("HF_ENDPOINT", written);
    EXPECT_EQ(Refusal(), std::string("kInput: HF_ENDPOINT: expected https://HOST, found \"") + written +
                             "\"; set it to the address of the hub or a mirror, or unset it");
  }
}

TEST_F(SettingsTest, DoesNotRepeatAPasswordInTheEndpoint) {
  Set("HF_ENDPOINT", "https://name:word@hub.example");
  EXPECT_EQ(
      Refusal(),
      "kInput: HF_ENDPOINT: expected https://HOST, found one with a name or password in it; set it to the "
      "address of the hub or a mirror, or unset it");
}

// Nothing behind the scheme is no host either.
TEST_F(SettingsTest, RefuseAnEndpointWithoutHost) {
  for (const char* written : {"https://", "http:///"}) {
    Set("HF_ENDPOINT", written);
    EXPECT_EQ(Refusal().rfind("kInput: HF_ENDPOINT: expected https://HOST, found", 0), 0u) << written;
  }
}

TEST_F(SettingsTest, TakeTimeoutsInSeconds) {
  Set("HF_HUB_ETAG_TIMEOUT", "3");
  Set("HF_HUB_DOWNLOAD_TIMEOUT", "86400");
  EXPECT_EQ(SettingsFromEnvironment().metadata_timeout, milliseconds(3'000));
  EXPECT_EQ(SettingsFromEnvironment().download_timeout, milliseconds(86'400'000));
}

TEST_F(SettingsTest, RefuseOtherTimeouts) {
  for (const char* name : {"HF_HUB_DOWNLOAD_TIMEOUT", "HF_HUB_ETAG_TIMEOUT"}) {
    for (const char* value : {"0", "-1", "86401", "ten", "1.5", "10s", " 10", "99999999999999999999"}) {
      Set(name, value);
      EXPECT_EQ(Refusal(), std::string("kInput: ") + name + ": expected seconds from 1 to 86400, found \"" +
                               value + "\"; correct or unset it");
    }
  }
}

TEST_F(SettingsTest, TakeThePauseBeforeTheFirstRetry) {
  for (const auto& [value, expected] : {std::pair{"0", 0}, {"0.01", 10}, {"2", 2'000}, {"60", 60'000}}) {
    Set("HEADSPEC_RETRY_PAUSE", value);
    EXPECT_EQ(SettingsFromEnvironment().first_pause, milliseconds(expected));
  }
  for (const char* value : {"-1", "61", "nan", "inf", "x", "1s", "1e9"}) {
    Set("HEADSPEC_RETRY_PAUSE", value);
    EXPECT_EQ(Refusal(),
              std::string("kInput: HEADSPEC_RETRY_PAUSE: expected seconds from 0 to 60, found \"") + value +
                  "\"; correct or unset it");
  }
}

// Each variable wins over all set before it.
TEST_F(SettingsTest, TakeCertificatesFromTheVariablesOfRequests) {
  for (const char* name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"}) {
    Set(name, std::string("/certificates/") + name);
    EXPECT_EQ(SettingsFromEnvironment().ca_bundle, std::string("/certificates/") + name);
  }
}

}  // namespace
}  // namespace headspec::hub

// Addresses: which are followed, and which are the same place.
#include "hub/http.h"

#include <gtest/gtest.h>

#include <string>

namespace headspec::hub {
namespace {

const std::string kUrl = "https://hub.example/org/name/resolve/main/file?x=1";

TEST(ResolveLocation, TakesRelativeAndAbsoluteAddresses) {
  EXPECT_EQ(ResolveLocation(kUrl, "/a/b?c=d"), "https://hub.example/a/b?c=d");
  EXPECT_EQ(ResolveLocation(kUrl, "other"), "https://hub.example/org/name/resolve/main/other");
  EXPECT_EQ(ResolveLocation(kUrl, "//cdn.example/x"), "https://cdn.example/x");
  EXPECT_EQ(ResolveLocation(kUrl, "https://cdn.example/x?Signature=1"), "https://cdn.example/x?Signature=1");
  EXPECT_EQ(ResolveLocation("http://127.0.0.1:8/a", "http://127.0.0.1:9/b"), "http://127.0.0.1:9/b");
  EXPECT_EQ(ResolveLocation("http://127.0.0.1:8/a", "https://cdn.example/b"), "https://cdn.example/b");
}

TEST(ResolveLocation, LeavesSafetyAndHttpNever) {
  for (const char* location :
       {"http://cdn.example/x", "file:///etc/passwd", "ftp://cdn.example/x", "gopher://x/", "https://",
        "http://[::1", "https://a b/", "javascript:alert(1)"})
    EXPECT_EQ(ResolveLocation(kUrl, location), "") << location;
  for (const char* location : {"file:///etc/passwd", "ftp://cdn.example/x"})
    EXPECT_EQ(ResolveLocation("http://hub.example/", location), "") << location;
}

TEST(SameHost, ComparesSchemeHostAndPort) {
  EXPECT_TRUE(IsSameHost(kUrl, "https://hub.example"));
  EXPECT_TRUE(IsSameHost(kUrl, "https://HUB.Example:443/"));
  for (const char* other :
       {"http://hub.example", "https://hub.example:8443", "https://hub.example.evil.example",
        "https://evil.example", "https://hub.example@evil.example/",
        "https://evil.example/https://hub.example", "", "hub example"})
    EXPECT_FALSE(IsSameHost(kUrl, other)) << other;
  EXPECT_FALSE(IsSameHost("", ""));
}

TEST(UrlEncode, LeavesNothingThatMeansSomething) {
  EXPECT_EQ(UrlEncode("azAZ09-_.~", ""), "azAZ09-_.~");
  EXPECT_EQ(UrlEncode("a/b", "/"), "a/b");
  EXPECT_EQ(UrlEncode("a/b", ""), "a%2Fb");
  EXPECT_EQ(UrlEncode("\xC3\xA4 ?#%&+@:\n", "/"), "%C3%A4%20%3F%23%25%26%2B%40%3A%0A");
}

TEST(AnswerTest, HasEmptyHeadersWhereThereAreNone) {
  const Answer answer{.status = 307, .headers = {{"location", "/x"}}};
  EXPECT_EQ(answer.Header("location"), "/x");
  EXPECT_EQ(answer.Header("etag"), "");
  EXPECT_TRUE(answer.IsRedirect());
  for (const int status : {200, 300, 304, 309, 404})
    EXPECT_FALSE(Answer{.status = status}.IsRedirect()) << status;
}

}  // namespace
}  // namespace headspec::hub

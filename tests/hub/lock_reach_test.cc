// How far locks reach, from what /proc/self/mountinfo says of a mount.
#include "hub/lock_reach.h"

#include <gtest/gtest.h>

#include <string>

#include "temporary_folder.h"

namespace headspec::hub {
namespace {

constexpr const char* kRoot = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n";

std::string Mount(const std::string& point, const std::string& type, const std::string& options) {
  return "40 22 0:50 / " + point + " rw,relatime shared:2 - " + type + " server:/export rw," + options + "\n";
}

std::string WhyOf(const std::string& type, const std::string& options) {
  return ReachIn(kRoot + Mount("/data", type, options), "/data/cache").why;
}

LockReach ReachOf(const std::string& type, const std::string& options) {
  const LockFacts facts = ReachIn(kRoot + Mount("/data", type, options), "/data/cache");
  EXPECT_TRUE(facts.is_shared);
  return facts.reach;
}

TEST(LockReach, OfNfsDependsOnItsOptions) {
  EXPECT_EQ(ReachOf("nfs4", "vers=4.2,local_lock=none"), LockReach::kAllHosts);
  EXPECT_EQ(ReachOf("nfs", "vers=3,mountproto=udp,local_lock=none"), LockReach::kAllHosts);
  EXPECT_EQ(ReachOf("nfs", "vers=3,local_lock=posix"), LockReach::kAllHosts);
  EXPECT_EQ(ReachOf("nfs", "vers=3,nolock,local_lock=all"), LockReach::kThisHost);
  EXPECT_EQ(ReachOf("nfs4", "vers=4.1,local_lock=flock"), LockReach::kThisHost);
  EXPECT_EQ(WhyOf("nfs4", "local_lock=flock"),
            "nfs4 at /data, local_lock=flock: locks hold on this host only");
}

TEST(LockReach, OfLustreDependsOnItsOptions) {
  EXPECT_EQ(ReachOf("lustre", "flock,lazystatfs"), LockReach::kAllHosts);
  EXPECT_EQ(ReachOf("lustre", "localflock"), LockReach::kThisHost);
  EXPECT_EQ(ReachOf("lustre", "noflock"), LockReach::kNone);
  EXPECT_EQ(WhyOf("lustre", "lazystatfs"), "lustre at /data, without flock: there are no locks");
}

TEST(LockReach, OfOthersFollowsFromTheirKind) {
  EXPECT_EQ(ReachOf("fuse.sshfs", "user_id=0"), LockReach::kThisHost);
  EXPECT_EQ(ReachOf("9p", "trans=virtio"), LockReach::kThisHost);
  EXPECT_EQ(ReachOf("beegfs", "cfgFile=x"), LockReach::kThisHost);
  EXPECT_EQ(ReachOf("cifs", "vers=3.1.1"), LockReach::kAllHosts);
  EXPECT_EQ(ReachOf("cifs", "nobrl"), LockReach::kThisHost);
  EXPECT_EQ(ReachOf("ceph", "acl"), LockReach::kAllHosts);
  EXPECT_EQ(ReachOf("gpfs", "x"), LockReach::kAllHosts);
}

TEST(LockReach, OfLocalFoldersIsThisHostWhichIsAllThereIs) {
  for (const char* type : {"ext4", "xfs", "tmpfs", "overlay", "btrfs", "zfs"}) {
    const LockFacts facts = ReachIn(kRoot + Mount("/data", type, "x"), "/data");
    EXPECT_EQ(facts.reach, LockReach::kThisHost);
    EXPECT_FALSE(facts.is_shared) << type;
  }
}

TEST(LockReach, IsThatOfTheDeepestMount) {
  const std::string all =
      kRoot + Mount("/data", "nfs4", "local_lock=none") + Mount("/data/local", "tmpfs", "size=1");
  EXPECT_TRUE(ReachIn(all, "/data/x").is_shared);
  EXPECT_FALSE(ReachIn(all, "/data/local/x").is_shared);
  EXPECT_FALSE(ReachIn(all, "/database").is_shared);
  EXPECT_FALSE(ReachIn(all, "/home").is_shared);
  // The later one hides the earlier.
  EXPECT_FALSE(ReachIn(all + Mount("/data", "tmpfs", "size=1"), "/data/x").is_shared);
}

TEST(LockReach, ReadsSpacesInNamesAndSkipsWhatItDoesNotUnderstand) {
  const std::string text =
      std::string("nonsense\n\n40 22 0:50 /\n") + kRoot + Mount("/my\\040data", "nfs4", "x");
  EXPECT_EQ(ReachIn(text, "/my data/cache").why, "nfs4 at /my data: locks hold on all hosts");
  EXPECT_FALSE(ReachIn("", "/data").is_shared);
}

TEST(LockReach, IsKnownOfAFolderThatIsNotThereYet) {
  const TemporaryFolder folder;
  const LockFacts facts = hub::ReachOf(folder.path() / "a" / "b");
  EXPECT_NE(facts.reach, LockReach::kNone);
  EXPECT_NE(facts.why, "");
}

}  // namespace
}  // namespace headspec::hub

#include <string>

#include "settings_testing.h"

namespace gatevisor::config {
namespace {

using Directories = std::vector<ServiceDirectory>;

Directories runtime(std::initializer_list<std::string_view> assignments) {
  return with(assignments).exec.directories.of(DirectoryKind::Runtime).all;
}

TEST(AssignDirectories, AreNamesWithLinks) {
  EXPECT_EQ(runtime({"RuntimeDirectory=a/b c"}), (Directories{{"a/b", {}}, {"c", {}}}));
  EXPECT_EQ(runtime({"RuntimeDirectory=foo:bar foo:baz/x"}),
            (Directories{{"foo", {"bar", "baz/x"}}}));
  EXPECT_EQ(runtime({R"(RuntimeDirectory="a b" c\:d)"}), (Directories{{"a b", {}}, {"c:d", {}}}));
}

TEST(AssignDirectories, PathIsSimplified) {
  EXPECT_EQ(runtime({"RuntimeDirectory=a//b/./c/"}), (Directories{{"a/b/c", {}}}));
}

TEST(AssignDirectories, AddUpWithoutRepeatsAndEmptyEmpties) {
  EXPECT_EQ(runtime({"RuntimeDirectory=a b", "RuntimeDirectory=b:l c"}),
            (Directories{{"a", {}}, {"b", {"l"}}, {"c", {}}}));
  EXPECT_EQ(runtime({"RuntimeDirectory=a", "RuntimeDirectory="}), Directories{});
}

TEST(AssignDirectories, WhatIsNotBelowTheBaseIsRefused) {
  for (const std::string_view text :
       {"RuntimeDirectory=/a", "StateDirectory=..", "StateDirectory=a/../b", "CacheDirectory=.",
        "LogsDirectory=private", "LogsDirectory=private/x", "RuntimeDirectory=a:/b",
        "RuntimeDirectory=a:..", "RuntimeDirectory=a:b:c",
        "RuntimeDirectory=a:", "ConfigurationDirectory=a:b", "RuntimeDirectory=a ../b"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
  EXPECT_NE(refusal("StateDirectory=" + std::string(256, 'x')), "");
}

TEST(AssignDirectories, EachKindHasItsOwn) {
  const DirectorySettings all =
      with({"RuntimeDirectory=r", "StateDirectory=s", "CacheDirectory=c", "LogsDirectory=l",
            "ConfigurationDirectory=e", "StateDirectoryMode=0700", "CacheDirectoryMode=2770"})
          .exec.directories;
  EXPECT_EQ(all.of(DirectoryKind::State).all, (Directories{{"s", {}}}));
  EXPECT_EQ(all.of(DirectoryKind::State).mode, 0700u);
  EXPECT_EQ(all.of(DirectoryKind::Cache).mode, 02770u);
  EXPECT_EQ(all.of(DirectoryKind::Logs).mode, 0755u);
  EXPECT_EQ(all.of(DirectoryKind::Configuration).all, (Directories{{"e", {}}}));
  EXPECT_NE(refusal("LogsDirectoryMode=8"), "");
}

TEST(AssignDirectories, Preserve) {
  const auto preserve = [](std::string_view text) {
    return with({text}).exec.directories.preserve;
  };
  EXPECT_EQ(preserve("RuntimeDirectoryPreserve=off"), RuntimePreserve::No);
  EXPECT_EQ(preserve("RuntimeDirectoryPreserve=yes"), RuntimePreserve::Yes);
  EXPECT_EQ(preserve("RuntimeDirectoryPreserve=restart"), RuntimePreserve::Restart);
  EXPECT_NE(refusal("RuntimeDirectoryPreserve=always"), "");
}

}  // namespace
}  // namespace gatevisor::config

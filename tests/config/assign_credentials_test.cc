#include <string>

#include "settings_testing.h"

namespace gatevisor::config {
namespace {

CredentialSettings credentials(std::initializer_list<std::string_view> assignments) {
  return with(assignments).exec.credentials;
}

TEST(AssignCredentials, LoadTakesANameAndWhereItIs) {
  EXPECT_EQ(
      credentials({"LoadCredential=a:/etc/a b", "LoadCredential=b:c", "LoadCredential=d"}).load,
      (std::vector<LoadedCredential>{{"a", "/etc/a b"}, {"b", "c"}, {"d", "d"}}));
}

TEST(AssignCredentials, LaterOneOfANameWinsAndEmptyEmpties) {
  EXPECT_EQ(credentials({"LoadCredential=a:/x", "LoadCredential=a:/y"}).load,
            (std::vector<LoadedCredential>{{"a", "/y"}}));
  EXPECT_TRUE(credentials({"LoadCredential=a:/x", "LoadCredential="}).load.empty());
  EXPECT_EQ(credentials({"SetCredential=a:x", "SetCredential=a:y"}).set,
            (std::vector<SetCredential>{{"a", "y"}}));
  EXPECT_TRUE(credentials({"SetCredential=a:x", "SetCredential="}).set.empty());
}

TEST(AssignCredentials, ValueIsUnescaped) {
  EXPECT_EQ(credentials({R"(SetCredential=a:b:c\nd\x00e\\)"}).set.front().value,
            std::string("b:c\nd\0e\\", 8));
}

TEST(AssignCredentials, WhatIsNoneIsRefused) {
  for (const std::string_view text :
       {"LoadCredential=a/b:/x", "LoadCredential=..:/x", "LoadCredential=a b:/x",
        "LoadCredential=:/x", "LoadCredential=a:x/y", "LoadCredential=a:/x/../y", "SetCredential=a",
        "SetCredential=a:", "SetCredential=:x", "SetCredential=a:\\q",
        "SetCredential=\xc3\xa4:x"}) {
    EXPECT_NE(refusal(text), "") << text;
  }
  EXPECT_NE(refusal("LoadCredential=" + std::string(256, 'x')), "");
}

TEST(AssignCredentials, AreBoundedTogether) {
  ServiceSettings settings;
  ASSERT_TRUE(assign(settings, "SetCredential", "a:" + std::string(600'000, 'x')));
  EXPECT_NE(refusal(settings, "SetCredential=b:" + std::string(600'000, 'x')), "");
  EXPECT_EQ(refusal(settings, "SetCredential=a:" + std::string(600'000, 'y')), "");
}

TEST(AssignCredentials, RefusalRepeatsNoSecret) {
  EXPECT_EQ(refusal("SetCredential=a:hush\\q").find("hush"), std::string::npos);
}

}  // namespace
}  // namespace gatevisor::config

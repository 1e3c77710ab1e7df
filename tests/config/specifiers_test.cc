#include "config/specifiers.h"

#include <gtest/gtest.h>

namespace gatevisor::config {
namespace {

using Names = std::vector<std::string>;

UnitName unit(std::string_view name) { return parse_unit_name(name).value(); }

SpecifierValues host() {
  SpecifierValues v;
  v.architecture = "x86-64";
  v.image_version = "33";
  v.boot_id = "b007";
  v.build_id = "bld";
  v.cache_root = "/var/cache";
  v.credentials = "/run/credentials/a.service";
  v.shared_data_root = "/usr/share";
  v.config_root = "/etc";
  v.group = "grp";
  v.gid = "7";
  v.home = "/root";
  v.host_name = "h.example";
  v.short_host_name = "h";
  v.logs_root = "/var/log";
  v.machine_id = "mac";
  v.image_id = "img";
  v.os_id = "debian";
  v.pretty_host_name = "My Host";
  v.shell = "/bin/sh";
  v.state_root = "/var/lib";
  v.runtime_root = "/run";
  v.tmp = "/tmp";
  v.user = "usr";
  v.uid = "8";
  v.kernel_release = "6.1";
  v.var_tmp = "/var/tmp";
  v.os_version_id = "12";
  v.os_variant_id = "";
  v.fragment_path = "/etc/systemd/system/a.service";
  return v;
}

std::string expand(std::string_view text, std::string_view name = "a.service") {
  return expand_specifiers(text, unit(name), host()).value();
}

TEST(UnitNames, HavePrefixInstanceAndType) {
  EXPECT_EQ(unit("a.service"), (UnitName{"a", std::nullopt, "service", "a.service"}));
  EXPECT_EQ(unit("a@b.socket"), (UnitName{"a", "b", "socket", "a@b.socket"}));
  EXPECT_EQ(unit("a@.timer"), (UnitName{"a", "", "timer", "a@.timer"}));
  EXPECT_TRUE(unit("a@.timer").is_template());
  EXPECT_FALSE(unit("a@b.timer").is_template());
  EXPECT_FALSE(unit("a.timer").is_template());
}

TEST(UnitNames, TheFirstAtSignAndTheLastDotSplit) {
  EXPECT_EQ(unit("a.b@c@d.e.service"), (UnitName{"a.b", "c@d.e", "service", "a.b@c@d.e.service"}));
}

TEST(UnitNames, EveryTypeOfSystemd) {
  for (const std::string type : {"service", "socket", "target", "timer", "path", "slice", "scope",
                                 "mount", "device", "swap", "automount"}) {
    EXPECT_EQ(unit("a." + type).type, type);
  }
}

TEST(UnitNames, WhatIsNoneIsRefused) {
  for (const std::string_view name :
       {"", "a", "service", ".service", "@.service", "@a.service", "a.conf", "a.Service",
        "a/b.service", "a b.service", "a%.service", "a.service.", "\xc3\xa9.service",
        "-a.service\n"}) {
    EXPECT_FALSE(parse_unit_name(name)) << name;
  }
  EXPECT_EQ(parse_unit_name("gateway").error(),
            "expected a unit's name with its type, such as gateway.service");
}

TEST(UnitNames, AreBounded) {
  EXPECT_TRUE(parse_unit_name(std::string(247, 'a') + ".service"));
  EXPECT_FALSE(parse_unit_name(std::string(248, 'a') + ".service"));
}

TEST(UnitNames, EscapeAsSystemdEscape) {
  // The output of systemd-escape 252.
  EXPECT_EQ(escape_unit_name(".a/b-c\\d@\xc3\xa9"), "\\x2ea-b\\x2dc\\x5cd\\x40\\xc3\\xa9");
  EXPECT_EQ(escape_unit_name("Hall\xc3\xb6"
                             "chen, Meister"),
            "Hall\\xc3\\xb6chen\\x2c\\x20Meister");
  EXPECT_EQ(escape_unit_name("a.b:_0"), "a.b:_0");
  EXPECT_EQ(escape_unit_name(""), "");
  EXPECT_EQ(escape_unit_path("/var//lib/./x-y/"), "var-lib-x\\x2dy");
  EXPECT_EQ(escape_unit_path("/"), "-");
  EXPECT_EQ(escape_unit_path("/.foo"), "\\x2efoo");
  EXPECT_FALSE(escape_unit_path("/a/../b"));
}

TEST(UnitNames, Unescape) {
  EXPECT_EQ(unescape_unit_name("a-b\\x2dc\\x5C"), "a/b-c\\");
  EXPECT_EQ(unescape_unit_path("var-lib-x\\x2dy"), "/var/lib/x-y");
  EXPECT_EQ(unescape_unit_path("-"), "/");
  for (const std::string_view name : {"\\", "a\\x2", "\\y2d", "\\xg0", "\\x00"}) {
    EXPECT_FALSE(unescape_unit_name(name)) << name;
  }
  for (const std::string_view name : {"", "-a", "a-", "a--b", "a-..-b", ".", "\\x2e"}) {
    EXPECT_FALSE(unescape_unit_path(name)) << name;
  }
}

TEST(UnitNames, EscapingIsUndone) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(unescape_unit_name(escape_unit_name(all)), all);
  EXPECT_TRUE(parse_unit_name("a@" + escape_unit_name("/x y%\n") + ".service"));
}

// The orders are those in which systemd-analyze verify of systemd 252 reads a 10.conf.
TEST(DropIns, FromTheParticularToTheGeneral) {
  EXPECT_EQ(drop_in_directories(unit("a.service")), (Names{"a.service.d", "service.d"}));
  EXPECT_EQ(drop_in_directories(unit("foo-bar-baz.service")),
            (Names{"foo-bar-baz.service.d", "foo-bar-.service.d", "foo-.service.d", "service.d"}));
}

TEST(DropIns, OfAnInstanceAndItsTemplate) {
  EXPECT_EQ(drop_in_directories(unit("a@b.socket")),
            (Names{"a@b.socket.d", "a@.socket.d", "socket.d"}));
  EXPECT_EQ(drop_in_directories(unit("foo-bar-@.service")),
            (Names{"foo-bar-@.service.d", "foo-.service.d", "service.d"}));
  EXPECT_EQ(drop_in_directories(unit("foo-bar-baz@inst.service")),
            (Names{"foo-bar-baz@inst.service.d", "foo-bar-baz@.service.d", "foo-bar-.service.d",
                   "foo-.service.d", "foo-bar-@inst.service.d", "foo-bar-@.service.d",
                   "foo-@inst.service.d", "foo-@.service.d", "service.d"}));
}

TEST(DropIns, OfNamesWithDashesAtTheirEnds) {
  EXPECT_EQ(drop_in_directories(unit("foo--.service")),
            (Names{"foo--.service.d", "foo-.service.d", "service.d"}));
  EXPECT_EQ(drop_in_directories(unit("foo-.service")), (Names{"foo-.service.d", "service.d"}));
  EXPECT_EQ(drop_in_directories(unit("-.slice")), (Names{"-.slice.d", "slice.d"}));
  EXPECT_EQ(drop_in_directories(unit("-a-.slice")), (Names{"-a-.slice.d", "slice.d"}));
  EXPECT_LE(drop_in_directories(unit(std::string(245, '-') + "@b.service")).size(), 1000U);
}

TEST(Specifiers, OfTheName) {
  EXPECT_EQ(expand("%n|%N|%p|%i|%P|%I|%j|%J", "foo-a\\x2db@c-d\\x2de.service"),
            "foo-a\\x2db@c-d\\x2de.service|foo-a\\x2db@c-d\\x2de|foo-a\\x2db|c-d\\x2de|foo/a-b|"
            "c/d-e|a\\x2db|a-b");
  EXPECT_EQ(expand("%n|%N|%p|%i|%P|%I|%j|%J"), "a.service|a|a||a||a|a");
  EXPECT_EQ(expand("%N %i.", "a@.service"), "a@ .");
}

TEST(Specifiers, ThePathOfTheInstanceOrOfThePrefix) {
  EXPECT_EQ(expand("%f", "a@b-c.service"), "/b/c");
  EXPECT_EQ(expand("%f", "b-c.service"), "/b/c");
  EXPECT_EQ(expand("%f", "b-c@.service"), "/b/c");
  EXPECT_EQ(expand_specifiers("%f", unit("a@-b.service"), {}).error(),
            "%f: expected an escaped path, not '-b'");
}

TEST(Specifiers, ABadEscapeInTheNameIsRefused) {
  EXPECT_EQ(expand_specifiers("%I", unit("a@\\y.service"), {}).error(),
            "%I: expected \\x and two hexadecimal digits in '\\y'");
  EXPECT_EQ(expand_specifiers("%i", unit("a@\\y.service"), {}), "\\y");
}

TEST(Specifiers, OfTheHost) {
  EXPECT_EQ(expand("%a %A %b %B %C %d %D %E"),
            "x86-64 33 b007 bld /var/cache /run/credentials/a.service /usr/share /etc");
  EXPECT_EQ(expand("%g %G %h %H %l %L %m %M %o %q"),
            "grp 7 /root h.example h /var/log mac img debian My Host");
  EXPECT_EQ(expand("%s %S %t %T %u %U %v %V %w [%W]"),
            "/bin/sh /var/lib /run /tmp usr 8 6.1 /var/tmp 12 []");
  EXPECT_EQ(expand("%y %Y"), "/etc/systemd/system/a.service /etc/systemd/system");
}

TEST(Specifiers, TheFolderOfAUnitFile) {
  SpecifierValues values;
  values.fragment_path = "/a.service";
  EXPECT_EQ(expand_specifiers("%Y", unit("a.service"), values), "/");
  values.fragment_path = "a.service";
  EXPECT_FALSE(expand_specifiers("%Y", unit("a.service"), values));
}

TEST(Specifiers, WhatTheyHoldIsNotExpandedAgain) {
  SpecifierValues values;
  values.home = "%t";
  EXPECT_EQ(expand_specifiers("%h", unit("a.service"), values), "%t");
}

TEST(Specifiers, PercentSigns) {
  EXPECT_EQ(expand("100%%n %%%n"), "100%n %a.service");
  // specifier_printf(): not before a letter or digit, nor at the end.
  EXPECT_EQ(expand("5% of %- %\xc3\xa9 %"), "5% of %- %\xc3\xa9 %");
}

TEST(Specifiers, UnknownOnesAreRefused) {
  for (const std::string_view text : {"%z", "%0", "%c", "%r", "%R", "a%5b"}) {
    EXPECT_FALSE(expand_specifiers(text, unit("a.service"), host())) << text;
  }
  EXPECT_EQ(expand_specifiers("%z", unit("a.service"), host()).error(),
            "there is no specifier %z; write %% for a percent");
}

TEST(Specifiers, ThoseWithoutAValueAreRefusedByName) {
  EXPECT_EQ(expand_specifiers("%t/x", unit("a.service"), {}).error(),
            "%t has no value here, the runtime directory is not known");
  for (const char letter : std::string_view("aAbBCdDEgGhHlLmMoqsStTuUvVwWyY")) {
    EXPECT_FALSE(expand_specifiers(std::string("%") + letter, unit("a.service"), {})) << letter;
  }
}

TEST(Specifiers, TheResultIsBounded) {
  SpecifierValues values;
  values.home = std::string(kMaxValue / 2, 'h');
  EXPECT_TRUE(expand_specifiers("%h%h", unit("a.service"), values));
  EXPECT_FALSE(expand_specifiers("%h%h.", unit("a.service"), values));
}

}  // namespace
}  // namespace gatevisor::config

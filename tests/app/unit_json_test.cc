// `gatevisor verify --json` and `show --json`: the names and shapes that scripts rely on.

#include "app/unit_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace gatevisor::app {
namespace {

using nlohmann::json;

config::LoadedUnit load(const std::string& text, std::set<std::string> allow = {}) {
  const auto name = config::parse_unit_name("gw.service");
  const std::vector<config::UnitText> texts = {*config::parse_unit_text(text, "/u/gw.service")};
  return config::load_unit(*name, texts, {}, std::move(allow));
}

json verified(const std::string& text, std::set<std::string> allow = {}) {
  const json all = json::parse(verify_json({{"gw.service", load(text, std::move(allow))}}));
  EXPECT_EQ(all.size(), 1u);
  return all.at(0);
}

TEST(VerifyJson, UnitThatMayStart) {
  const json unit = verified("[Unit]\nDescription=A gateway\n[Service]\nExecStart=/bin/gw\n");
  EXPECT_EQ(unit, json::parse(R"({
    "unit": "gw.service", "startable": true, "description": "A gateway",
    "errors": [], "remarks": [],
    "directives": [
      {"section": "Unit", "name": "Description", "fate": "done", "allowed": false,
       "file": "/u/gw.service", "line": 2, "column": 1, "reason": ""},
      {"section": "Service", "name": "ExecStart", "fate": "done", "allowed": false,
       "file": "/u/gw.service", "line": 4, "column": 1, "reason": ""}]})"));
}

TEST(VerifyJson, EachFateHasItsWord) {
  const json unit = verified(
      "[Service]\nExecStart=/bin/gw\nSlice=a.slice\nDeviceAllow=/dev/null\nSockets=a.socket\n");
  const json& directives = unit.at("directives");
  EXPECT_EQ(directives.at(0).at("fate"), "done");
  EXPECT_EQ(directives.at(1).at("fate"), "ignored");
  EXPECT_EQ(directives.at(2).at("fate"), "refused");
  EXPECT_EQ(directives.at(3).at("fate"), "refused");
  EXPECT_NE(directives.at(1).at("reason"), "");
  EXPECT_EQ(unit.at("startable"), false);
  EXPECT_EQ(unit.at("errors").size(), 2u);
}

TEST(VerifyJson, ErrorsHaveTheirPlace) {
  const json unit = verified("[Service]\nExecStart=/bin/gw\nNice=high\n");
  const json& error = unit.at("errors").at(0);
  EXPECT_EQ(error.at("file"), "/u/gw.service");
  EXPECT_EQ(error.at("line"), 3);
  EXPECT_EQ(error.at("column"), 6);
  EXPECT_EQ(error.at("message").get<std::string>().substr(0, 14), "Nice=: expecte");
}

TEST(VerifyJson, WhatIsAllowedIsToldAndNoError) {
  const json unit =
      verified("[Service]\nExecStart=/bin/gw\nDeviceAllow=/dev/null\n", {"DeviceAllow"});
  EXPECT_EQ(unit.at("startable"), true);
  EXPECT_EQ(unit.at("directives").at(1).at("fate"), "refused");
  EXPECT_EQ(unit.at("directives").at(1).at("allowed"), true);
}

TEST(VerifyJson, BytesThatAreNoTextAreReplaced) {
  const json all = json::parse(verify_json({{"\xff.service", {}}}));
  EXPECT_EQ(all.at(0).at("unit"), "\xef\xbf\xbd.service");
}

TEST(ShowJson, ListsAreArraysAndAllElseIsText) {
  const config::LoadedUnit unit =
      load("[Service]\nExecStart=/bin/gw\nMemoryMax=1K\nEnvironment=A=1 'B=x y'\n");
  const json all = json::parse(show_json({{"gw.service", config::show(unit, "gw.service", {})}}));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all.at(0).at("unit"), "gw.service");
  const json& properties = all.at(0).at("properties");
  EXPECT_EQ(properties.at("MemoryMax"), "1024");
  EXPECT_EQ(properties.at("User"), "");
  EXPECT_EQ(properties.at("Environment"), json::parse(R"(["A=1", "B=x y"])"));
  EXPECT_EQ(properties.at("ExecStart").size(), 1u);
  EXPECT_EQ(properties.at("PassEnvironment"), json::array());
}

}  // namespace
}  // namespace gatevisor::app

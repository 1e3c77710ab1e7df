// Varlink's frames, and what of others' is refused.

#include "protocol/varlink.h"

#include <gtest/gtest.h>

#include <random>

namespace gatevisor::protocol {
namespace {

std::string without_nul(std::string frame) {
  EXPECT_TRUE(frame.ends_with('\0'));
  if (frame.ends_with('\0')) frame.pop_back();
  EXPECT_EQ(frame.find('\0'), std::string::npos);
  return frame;
}

TEST(Varlink, ReadsACall) {
  const auto call = read_call(
      R"({"method":"org.gatevisor.Manager.Kill","parameters":{"unit":"gw","signal":9,"whom":"main"}})");
  ASSERT_TRUE(call);
  EXPECT_EQ(call->method, Method::Command);
  EXPECT_EQ(call->verb, Verb::Kill);
  EXPECT_EQ(call->unit, "gw");
  EXPECT_EQ(call->signal, 9);
  EXPECT_EQ(call->whom, KillWhom::Main);
  EXPECT_EQ(call->wrong, "");
}

TEST(Varlink, WhatItWritesItReads) {
  for (const Verb verb : kAllVerbs) {
    ControlCall call;
    call.method = Method::Command;
    call.verb = verb;
    call.unit = "gw.service";
    call.no_wait = true;
    call.signal = 10;
    const auto again = read_call(without_nul(write_call(call)));
    ASSERT_TRUE(again) << to_string(verb);
    EXPECT_EQ(again->method, Method::Command);
    EXPECT_EQ(again->verb, verb);
    EXPECT_EQ(again->unit, "gw.service");
    EXPECT_TRUE(again->no_wait);
    if (verb == Verb::Kill) {
      EXPECT_EQ(again->signal, 10);
    }
  }
}

TEST(Varlink, WhatIsNoCallIsNone) {
  for (const std::string& bytes :
       {std::string(), std::string("x"), std::string("[]"), std::string("{}"), std::string("7"),
        std::string(R"({"method":7})"), std::string(R"({"method":""})"), std::string(R"({"method":"a)")}) {
    EXPECT_FALSE(read_call(bytes)) << bytes;
  }
  EXPECT_FALSE(read_call(R"({"method":")" + std::string(kMaxCall, 'x') + R"("})"));
  EXPECT_FALSE(read_call(std::string(kMaxCall, '[')));
}

TEST(Varlink, DamagedCallsAndRepliesDoNoHarm) {
  ControlCall kill;
  kill.method = Method::Command;
  kill.verb = Verb::Kill;
  kill.unit = "gateway.service";
  UnitStatus unit;
  unit.name = "gateway.service";
  unit.died = true;
  const std::string good[] = {write_call(kill), status_reply({}, {unit}),
                              record_reply(R"({"event":"state","active":"active"})")};
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good[random() % 3];
    for (unsigned times = random() % 8; times > 0 && !bytes.empty(); --times) {
      const std::size_t at = random() % bytes.size();
      if (random() % 3 == 0) {
        bytes.erase(at, random() % 9);
      } else if (random() % 2 == 0) {
        bytes.insert(at, 1, static_cast<char>(random()));
      } else {
        bytes[at] = R"({}[]":,0-1e"\u)"[random() % 15];
      }
    }
    if (const auto call = read_call(bytes)) {
      EXPECT_TRUE(call->wrong != "" || (call->signal >= 1 && call->signal <= 64)) << bytes;
    }
    if (const auto reply = read_reply(bytes)) {
      EXPECT_EQ(reply->record.find('\n'), std::string::npos);
    }
  }
}

TEST(Varlink, AParameterOfAnotherTypeIsNamed) {
  const auto wrong = [](const std::string& parameters) {
    const auto call =
        read_call(R"({"method":"org.gatevisor.Manager.Start","parameters":)" + parameters + "}");
    return call ? call->wrong : "no call";
  };
  EXPECT_EQ(wrong(R"({"unit":7})"), "unit");
  EXPECT_EQ(wrong(R"({"unit":null})"), "");
  EXPECT_EQ(wrong(R"({"no_wait":"yes"})"), "no_wait");
  EXPECT_EQ(wrong(R"({"signal":0})"), "signal");
  EXPECT_EQ(wrong(R"({"signal":99999999999999999999})"), "signal");
  EXPECT_EQ(wrong(R"({"signal":-1})"), "signal");
  EXPECT_EQ(wrong(R"({"whom":"nobody"})"), "whom");
  EXPECT_EQ(wrong(R"({"more":[[[[]]]]})"), "");
}

TEST(Varlink, StatusSurvivesTheWay) {
  UnitStatus unit;
  unit.name = "gw.service";
  unit.main = true;
  unit.active = "activating";
  unit.sub = "auto-restart";
  unit.since = "2026-11-27T04:00:00.000000Z";
  unit.reason = "exit code 3";
  unit.job = "restart";
  unit.main_pid = 12;
  unit.control_pid = 13;
  unit.invocation = std::string(32, 'a');
  unit.started = "2026-11-27T03:00:00.000000Z";
  unit.launches = 7;
  unit.next_start = "2026-11-27T04:00:02.000000Z";
  unit.exits = 3;
  unit.window = std::chrono::seconds{60};
  unit.text = "busy \x01 \xff";
  unit.ready = true;
  unit.probes = {{"liveness", "tcp://127.0.0.1:80", true, 2, std::nullopt},
                 {"readiness", "exec:/bin/true", false, 0, std::chrono::microseconds{1500}}};
  unit.slice = "gw.slice";
  unit.leaf = "gw.slice/7";
  unit.cgroup = "memory";
  unit.spawn = "clone3";
  unit.died = true;
  unit.last = {std::string(32, 'b'), "2026-11-27T03:59:59.000000Z", "exit-code", "certain", "exit code 3", 3};
  const SupervisorStatus supervisor = {1,    "0.1.0", "2026-11-27T01:00:00.000000Z", "gw.service",
                                       true, false,   "/var/log/gatevisor", 9, 900, 7, "no room"};
  const auto reply = read_reply(without_nul(status_reply(supervisor, {unit})));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->supervisor, supervisor);
  ASSERT_EQ(reply->units.size(), 1u);
  unit.text = "busy \x01 \xef\xbf\xbd";
  EXPECT_EQ(reply->units.front(), unit);
}

TEST(Varlink, ErrorsHaveTheirParameters) {
  ControlCall call;
  call.name = "org.gatevisor.Manager.Nothing";
  call.unit = "x";
  call.wrong = "signal";
  const auto error = [&](CallError kind) { return *read_reply(without_nul(error_reply(kind, call))); };
  EXPECT_EQ(error(CallError::MethodNotFound).error, "org.varlink.service.MethodNotFound");
  EXPECT_EQ(error(CallError::MethodNotFound).about, "org.gatevisor.Manager.Nothing");
  EXPECT_EQ(error(CallError::InvalidParameter).about, "signal");
  EXPECT_EQ(error(CallError::NoSuchUnit).error, "org.gatevisor.Manager.NoSuchUnit");
  EXPECT_EQ(error(CallError::NoSuchUnit).about, "x");
  EXPECT_EQ(error(CallError::PermissionDenied).error, "org.varlink.service.PermissionDenied");
  call.name = "org.example.Other.Method";
  EXPECT_EQ(error(CallError::MethodNotFound).error, "org.varlink.service.InterfaceNotFound");
  EXPECT_EQ(error(CallError::MethodNotFound).about, "org.example.Other");
}

TEST(Varlink, DescribesEveryMethodAndErrorThatItHas) {
  const std::string text = kManagerDescription;
  for (const char* method : {"Start", "Stop", "Restart", "Reload", "Kill", "ResetFailed", "Status",
                             "Monitor"}) {
    EXPECT_NE(text.find("\nmethod " + std::string(method) + "("), std::string::npos) << method;
    const auto call = read_call("{\"method\":\"org.gatevisor.Manager." + std::string(method) + "\"}");
    EXPECT_NE(call->method, Method::Unknown) << method;
  }
  for (const char* error : {"NoSuchUnit", "TooManyClients"}) {
    EXPECT_NE(text.find("\nerror " + std::string(error) + "("), std::string::npos) << error;
  }
}

TEST(Varlink, ARecordIsHandedOnWhole) {
  const auto reply =
      read_reply(without_nul(record_reply(R"({"event":"exited","verdict":{"cause":"clean"}})")));
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->continues);
  EXPECT_EQ(reply->event, "exited");
  EXPECT_EQ(reply->record, R"({"event":"exited","verdict":{"cause":"clean"}})");
}

}  // namespace
}  // namespace gatevisor::protocol

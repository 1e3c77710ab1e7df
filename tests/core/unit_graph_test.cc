#include "core/unit_graph.h"

#include <gtest/gtest.h>

namespace gatevisor::core {
namespace {

using Units = UnitGraph::Units;

ServiceSettings unit(std::string name) {
  ServiceSettings settings;
  settings.name = std::move(name);
  return settings;
}

ServiceSettings unit(std::string name, Dependency kind, std::vector<std::string> others) {
  ServiceSettings settings = unit(std::move(name));
  settings.dependencies.of(kind) = std::move(others);
  return settings;
}

UnitGraph graph(const std::vector<ServiceSettings>& units, const Units& named = {0}) {
  auto made = UnitGraph::make(units, named);
  EXPECT_TRUE(made) << to_string(made.error());
  return made ? *made : UnitGraph();
}

std::string error(const std::vector<ServiceSettings>& units, const Units& named = {0}) {
  const auto made = UnitGraph::make(units, named);
  return made ? "none" : to_string(made.error());
}

TEST(UnitGraph, AfterAndBeforeAreOneOrder) {
  const UnitGraph made = graph({unit("a", Dependency::After, {"b.service"}), unit("b"),
                                unit("c", Dependency::Before, {"b.service"})});
  EXPECT_EQ(made.of(0).predecessors, Units{1});
  EXPECT_EQ(made.of(1).predecessors, Units{2});
  EXPECT_EQ(made.of(1).successors, Units{0});
  EXPECT_EQ(made.of(2).successors, Units{1});
}

TEST(UnitGraph, NoUnitTwiceAndNotItself) {
  ServiceSettings both = unit("a", Dependency::After, {"b.service", "a.service", "gone.service"});
  ServiceSettings b = unit("b", Dependency::Before, {"a.service"});
  const UnitGraph made = graph({both, b});
  EXPECT_EQ(made.of(0).predecessors, Units{1});
  EXPECT_TRUE(made.of(0).successors.empty());
}

TEST(UnitGraph, WhatIsNeededAndWantedIsStartedToo) {
  const UnitGraph made = graph({unit("a", Dependency::Requires, {"b.service"}),
                                unit("b", Dependency::Wants, {"c.service"}), unit("c"),
                                unit("d", Dependency::PartOf, {"a.service"})});
  EXPECT_EQ(made.initial(), (Units{0, 1, 2}));
}

TEST(UnitGraph, RequirementsPropagateAsSystemdsDo) {
  const UnitGraph requiring = graph({unit("a", Dependency::Requires, {"b.service"}), unit("b")});
  EXPECT_EQ(requiring.of(1).fail_with, Units{0});
  EXPECT_EQ(requiring.of(1).stop_with, Units{0});
  EXPECT_EQ(requiring.of(1).restart_with, Units{0});
  EXPECT_TRUE(requiring.of(1).bound.empty());
  const UnitGraph bound = graph({unit("a", Dependency::BindsTo, {"b.service"}), unit("b")});
  EXPECT_EQ(bound.of(1).bound, Units{0});
  EXPECT_EQ(bound.of(0).expected, Units{1});
  const UnitGraph part = graph({unit("a", Dependency::PartOf, {"b.service"}), unit("b")});
  EXPECT_EQ(part.of(1).stop_with, Units{0});
  EXPECT_TRUE(part.of(1).fail_with.empty());
  const UnitGraph told =
      graph({unit("a", Dependency::StopPropagatedFrom, {"b.service"}), unit("b")});
  EXPECT_EQ(told.of(1).stop_with, Units{0});
}

TEST(UnitGraph, ACycleIsNamed) {
  EXPECT_EQ(error({unit("a", Dependency::After, {"b.service"}),
                   unit("b", Dependency::After, {"c.service"}),
                   unit("c", Dependency::Before, {"d.service"}),
                   unit("d", Dependency::After, {"a.service"}),
                   unit("e", Dependency::Before, {"a.service"})}),
            "none")
      << "a goes into d alone";
  EXPECT_EQ(error({unit("a", Dependency::After, {"b.service"}),
                   unit("b", Dependency::After, {"c.service"}),
                   unit("c", Dependency::After, {"a.service"})}),
            "After= and Before= go round in a circle: a.service before c.service before b.service "
            "before a.service; take one of them out of its unit");
}

TEST(UnitGraph, TheWayToACycleIsNotPartOfIt) {
  const std::string told = error({unit("first", Dependency::Before, {"a.service"}),
                                  unit("a", Dependency::Before, {"b.service"}),
                                  unit("b", Dependency::Before, {"a.service"})});
  EXPECT_NE(told.find("a.service before b.service before a.service"), std::string::npos) << told;
  EXPECT_EQ(told.find("first"), std::string::npos) << told;
}

TEST(UnitGraph, TwoThatConflictAreNotStartedTogether) {
  const std::vector<ServiceSettings> units = {unit("a", Dependency::Conflicts, {"b.service"}),
                                              unit("b")};
  EXPECT_EQ(error(units, {0, 1}),
            "a.service conflicts with b.service (Conflicts=), and they would be started together; "
            "start one of them");
  EXPECT_EQ(error(units, {0}), "none");
  ServiceSettings both = unit("c", Dependency::Conflicts, {"b.service"});
  both.dependencies.of(Dependency::Requires) = {"b.service"};
  EXPECT_NE(error({unit("a"), unit("b"), both}, {0}), "none") << "also of what is started later";
  EXPECT_EQ(graph(units).of(1).conflicting, Units{0});
}

TEST(UnitGraph, ARequisiteHasToBeStartedBySomebodyElse) {
  const std::vector<ServiceSettings> units = {unit("a", Dependency::Requisite, {"b.service"}),
                                              unit("b")};
  const auto checked = check_requisites(units, graph(units, {0}));
  ASSERT_FALSE(checked);
  EXPECT_EQ(to_string(checked.error()),
            "a.service is started only beside b.service (Requisite=); name that unit too");
  EXPECT_TRUE(check_requisites(units, graph(units, {0, 1})));
}

TEST(UnitGraph, ALongChainIsNoRecursion) {
  std::vector<ServiceSettings> units;
  constexpr int kMany = 20000;
  for (int i = 0; i < kMany; ++i) {
    units.push_back(unit("u" + std::to_string(i), Dependency::Before,
                         {"u" + std::to_string(i + 1) + ".service"}));
  }
  EXPECT_EQ(error(units), "none");
}

}  // namespace
}  // namespace gatevisor::core

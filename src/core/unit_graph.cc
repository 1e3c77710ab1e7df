#include "core/unit_graph.h"

#include <algorithm>
#include <map>
#include <optional>

namespace gatevisor::core {
namespace {

using Units = UnitGraph::Units;
using Node = UnitGraph::Node;

void add(Units& units, std::size_t unit) {
  if (!contains(units, unit)) units.push_back(unit);
}

/// `self` says `kind`=`other`.
void connect(std::vector<Node>& nodes, std::size_t self, Dependency kind, std::size_t other) {
  Node& mine = nodes[self];
  Node& its = nodes[other];
  switch (kind) {
    case Dependency::After:
      add(mine.predecessors, other);
      add(its.successors, self);
      return;
    case Dependency::Before: return connect(nodes, other, Dependency::After, self);
    case Dependency::BindsTo:
      add(mine.expected, other);
      add(its.bound, self);
      [[fallthrough]];
    case Dependency::Requires:
      add(mine.needed, other);
      add(its.fail_with, self);
      add(its.stop_with, self);
      add(its.restart_with, self);
      return;
    case Dependency::Requisite:
      add(mine.expected, other);
      add(its.fail_with, self);
      add(its.stop_with, self);
      add(its.restart_with, self);
      return;
    case Dependency::Upholds: add(mine.upheld, other); [[fallthrough]];
    case Dependency::Wants: return add(mine.wanted, other);
    case Dependency::PartOf:
      add(its.stop_with, self);
      add(its.restart_with, self);
      return;
    case Dependency::Conflicts:
      add(mine.conflicting, other);
      add(its.conflicting, self);
      return;
    case Dependency::OnFailure: return add(mine.on_failure, other);
    case Dependency::OnSuccess: return add(mine.on_success, other);
    case Dependency::PropagatesStopTo: return add(mine.stop_with, other);
    case Dependency::StopPropagatedFrom: return add(its.stop_with, self);
    case Dependency::PropagatesReloadTo: return add(mine.reload_with, other);
    case Dependency::ReloadPropagatedFrom: return add(its.reload_with, self);
  }
}

/// Depth first along the order; a unit that is met on its own way closes a cycle.
class CycleFinder {
 public:
  explicit CycleFinder(const std::vector<Node>& nodes) : nodes_(nodes), marks_(nodes.size()) {}

  /// From a unit over those that wait for it, back to itself.
  std::optional<Units> find() {
    for (std::size_t unit = 0; unit < nodes_.size(); ++unit) {
      if (visit(unit)) return way_;
    }
    return std::nullopt;
  }

 private:
  enum class Mark : std::uint8_t { New, OnTheWay, Done };
  struct Step {
    std::size_t unit;
    std::size_t next = 0;  ///< of its successors
  };

  // Without recursion: the depth is whatever the files make it.
  bool visit(std::size_t start) {
    if (marks_[start] != Mark::New) return false;
    std::vector<Step> steps = {{start}};
    marks_[start] = Mark::OnTheWay;
    while (!steps.empty()) {
      Step& step = steps.back();
      const Units& successors = nodes_[step.unit].successors;
      if (step.next == successors.size()) {
        marks_[step.unit] = Mark::Done;
        steps.pop_back();
        continue;
      }
      const std::size_t next = successors[step.next++];
      if (marks_[next] == Mark::OnTheWay) {
        auto from = std::ranges::find(steps, next, &Step::unit);
        for (; from != steps.end(); ++from) way_.push_back(from->unit);
        way_.push_back(next);
        return true;
      }
      if (marks_[next] == Mark::New) {
        marks_[next] = Mark::OnTheWay;
        steps.push_back({next});
      }
    }
    return false;
  }

  const std::vector<Node>& nodes_;
  std::vector<Mark> marks_;
  Units way_;
};

/// `units`, and all that is started with them.
Units with_needed(const std::vector<Node>& nodes, Units units) {
  for (std::size_t i = 0; i < units.size(); ++i) {
    const Node& node = nodes[units[i]];
    for (const std::size_t other : node.needed) add(units, other);
    for (const std::size_t other : node.wanted) add(units, other);
  }
  return units;
}

}  // namespace

bool contains(const Units& units, std::size_t unit) {
  return std::ranges::find(units, unit) != units.end();
}

Expected<UnitGraph> UnitGraph::make(std::span<const ServiceSettings> units, const Units& named) {
  std::map<std::string, std::size_t, std::less<>> places;
  for (std::size_t unit = 0; unit < units.size(); ++unit) {
    places.emplace(units[unit].unit_name(), unit);
  }
  UnitGraph graph;
  graph.nodes_.resize(units.size());
  for (std::size_t unit = 0; unit < units.size(); ++unit) {
    for (std::size_t kind = 0; kind < kDependencies; ++kind) {
      for (const std::string& name : units[unit].dependencies.names[kind]) {
        const auto other = places.find(name);
        if (other == places.end() || other->second == unit) continue;
        connect(graph.nodes_, unit, static_cast<Dependency>(kind), other->second);
      }
    }
  }
  if (const auto cycle = CycleFinder(graph.nodes_).find()) {
    std::string way;
    for (const std::size_t unit : *cycle) {
      way += (way.empty() ? "" : " before ") + units[unit].unit_name();
    }
    return fail("", "After= and Before= go round in a circle: " + way, 0,
                "take one of them out of its unit");
  }
  // Of those that are started later each may stop others, but none that it needs itself.
  const auto conflict = [&](const Units& together) -> Expected<void> {
    for (const std::size_t unit : together) {
      for (const std::size_t other : graph.of(unit).conflicting) {
        if (!contains(together, other)) continue;
        return fail("",
                    units[unit].unit_name() + " conflicts with " + units[other].unit_name() +
                        " (Conflicts=), and they would be started together",
                    0, "start one of them");
      }
    }
    return {};
  };
  graph.initial_ = with_needed(graph.nodes_, named);
  if (auto none = conflict(graph.initial_); !none) return std::unexpected(std::move(none.error()));
  for (std::size_t unit = 0; unit < units.size(); ++unit) {
    if (auto none = conflict(with_needed(graph.nodes_, {unit})); !none) {
      return std::unexpected(std::move(none.error()));
    }
  }
  return graph;
}

Expected<void> check_requisites(std::span<const ServiceSettings> units, const UnitGraph& graph) {
  for (const std::size_t unit : graph.initial()) {
    for (const std::string& other : units[unit].dependencies.of(Dependency::Requisite)) {
      const auto has_name = [&](std::size_t each) { return units[each].unit_name() == other; };
      if (std::ranges::any_of(graph.initial(), has_name)) continue;
      return fail("",
                  units[unit].unit_name() + " is started only beside " + other + " (Requisite=)", 0,
                  "name that unit too");
    }
  }
  return {};
}

}  // namespace gatevisor::core

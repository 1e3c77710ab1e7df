// How units depend on each other: systemd.unit(5), from names to places in the list of units.
//
// What names a unit that is not in the list has no effect. Source of what each relation does:
// systemd.unit(5), and for its details unit_dependency_to_atom in systemd's
// src/core/unit-dependency-atom.c.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "gatevisor/error.h"
#include "gatevisor/settings.h"

namespace gatevisor::core {

class UnitGraph {
 public:
  using Units = std::vector<std::size_t>;

  /// What one unit has to do with others. No unit is in a list twice, nor in one of its own.
  struct Node {
    Units predecessors;  ///< started before it, and stopped after it
    Units successors;    ///< the other way round
    Units needed;        ///< Requires=, BindsTo=: started with it
    Units wanted;        ///< Wants=: started with it, whatever becomes of them
    Units upheld;        ///< Upholds=: wanted, and started again while it runs
    Units expected;      ///< Requisite=, BindsTo=: it is not started unless they run
    Units fail_with;     ///< not started where it could not be
    Units stop_with;     ///< stopped when somebody stops it
    Units restart_with;  ///< restarted, if they run, when it is
    Units bound;         ///< BindsTo= of them: stopped when it ends by itself
    Units conflicting;   ///< stopped when it is started
    Units reload_with;   ///< reloaded when it is
    Units on_failure;    ///< OnFailure=
    Units on_success;    ///< OnSuccess=
  };

  /// Error: an order that is a cycle, or two units of which one stops the other and that would be
  /// started together. `named`: those that are started first; what they need and want is started
  /// with them.
  static Expected<UnitGraph> make(std::span<const ServiceSettings> units, const Units& named);

  const Node& of(std::size_t unit) const { return nodes_[unit]; }
  /// `named`, and all that is started with them.
  const Units& initial() const { return initial_; }

 private:
  std::vector<Node> nodes_;
  Units initial_;
};

/// Error: a Requisite= of what is started first that is not among it.
Expected<void> check_requisites(std::span<const ServiceSettings> units, const UnitGraph& graph);

/// Whether the list has it.
bool contains(const UnitGraph::Units& units, std::size_t unit);

}  // namespace gatevisor::core

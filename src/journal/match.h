// Which entries are asked for, and the search for them through the index.
//
// sd_journal_add_match(3): of one name any value will do, of several names each has to match; '+'
// (a disjunction) begins an alternative to what stands before it; a conjunction ends all of that,
// and what follows has to match as well.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "journal/entry_chain.h"

namespace gatevisor::journal {

class Matches {
 public:
  /// The values of one name, whole payloads: 'NAME=value'.
  struct Field {
    std::string name;
    std::vector<std::string> payloads;
  };
  using Clause = std::vector<Field>;  ///< all of them
  using Group = std::vector<Clause>;  ///< one of them

  /// EINVAL: not of the form NAME=value.
  Expected<void> add(std::string_view payload);
  void add_disjunction() { new_clause_ = true; }
  void add_conjunction() { new_group_ = true; }

  bool empty() const { return groups_.empty(); }
  const std::vector<Group>& groups() const { return groups_; }  ///< all of them

 private:
  std::vector<Group> groups_;
  bool new_clause_ = false;
  bool new_group_ = false;
};

/// The matches in one file. Entries are told by their offsets; 0: there is none.
class MatchTree {
 public:
  /// `last_entry`: no offset above it is one.
  static Expected<MatchTree> make(const Objects& objects, const Matches& matches,
                                  std::uint64_t last_entry);

  /// The first one from `offset` on.
  Expected<std::uint64_t> from(std::uint64_t offset);
  /// The last one before `offset`.
  Expected<std::uint64_t> before(std::uint64_t offset);

 private:
  struct Node {
    enum class Kind : std::uint8_t { kChain, kAny, kAll };
    Kind kind = Kind::kChain;
    EntryChain chain;
    std::vector<Node> parts;

    Expected<std::uint64_t> from(std::uint64_t offset);
    Expected<std::uint64_t> before(std::uint64_t offset);
  };

  Node root_{.kind = Node::Kind::kAll, .chain = {}, .parts = {}};
  std::uint64_t last_entry_ = 0;
};

}  // namespace gatevisor::journal

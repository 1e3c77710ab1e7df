#include "journal/match.h"

#include <algorithm>
#include <cerrno>

namespace gatevisor::journal {
namespace {

Expected<EntryChain> chain_of(const Objects& objects, std::string_view payload,
                              std::uint64_t last_entry) {
  auto offset = objects.find_data(std::as_bytes(std::span(payload)));
  if (!offset || *offset == 0) {
    return offset ? Expected<EntryChain>() : std::unexpected(std::move(offset.error()));
  }
  auto data = objects.data(*offset);
  if (!data) {
    return std::unexpected(std::move(data.error()));
  }
  return EntryChain::open(objects, data->object.entry_offset, data->object.entry_array_offset,
                          data->object.n_entries, last_entry);
}

}  // namespace

Expected<void> Matches::add(std::string_view payload) {
  const std::string_view name = payload.substr(0, payload.find('='));
  if (name.empty() || name.size() == payload.size()) {
    return fail("parse", "journal match: expected NAME=value", EINVAL);
  }
  if (new_group_ || groups_.empty()) {
    groups_.emplace_back(1);
  } else if (new_clause_) {
    groups_.back().emplace_back();
  }
  new_group_ = false;
  new_clause_ = false;
  Clause& clause = groups_.back().back();
  auto field = std::ranges::find(clause, name, &Field::name);
  if (field == clause.end()) {
    field = clause.insert(field, Field{.name = std::string(name), .payloads = {}});
  }
  if (std::ranges::find(field->payloads, payload) == field->payloads.end()) {
    field->payloads.emplace_back(payload);
  }
  return {};
}

Expected<MatchTree> MatchTree::make(const Objects& objects, const Matches& matches,
                                    std::uint64_t last_entry) {
  MatchTree tree;
  tree.last_entry_ = last_entry;
  for (const Matches::Group& group : matches.groups()) {
    Node any{.kind = Node::Kind::kAny, .chain = {}, .parts = {}};
    for (const Matches::Clause& clause : group) {
      Node all{.kind = Node::Kind::kAll, .chain = {}, .parts = {}};
      for (const Matches::Field& field : clause) {
        Node values{.kind = Node::Kind::kAny, .chain = {}, .parts = {}};
        for (const std::string& payload : field.payloads) {
          auto chain = chain_of(objects, payload, last_entry);
          if (!chain) {
            return std::unexpected(std::move(chain.error()));
          }
          values.parts.push_back(
              {.kind = Node::Kind::kChain, .chain = std::move(*chain), .parts = {}});
        }
        all.parts.push_back(std::move(values));
      }
      any.parts.push_back(std::move(all));
    }
    tree.root_.parts.push_back(std::move(any));
  }
  return tree;
}

Expected<std::uint64_t> MatchTree::from(std::uint64_t offset) {
  auto found = root_.from(offset);
  return found && *found > last_entry_ ? Expected<std::uint64_t>(0) : found;
}

Expected<std::uint64_t> MatchTree::before(std::uint64_t offset) {
  return root_.before(std::min(offset, last_entry_ + 1));
}

Expected<std::uint64_t> MatchTree::Node::from(std::uint64_t offset) {
  switch (kind) {
    case Kind::kChain: return chain.first_from(offset);
    case Kind::kAny: {
      std::uint64_t nearest = 0;
      for (Node& part : parts) {
        auto entry = part.from(offset);
        if (!entry) {
          return entry;
        }
        if (*entry != 0 && (nearest == 0 || *entry < nearest)) {
          nearest = *entry;
        }
      }
      return nearest;
    }
    case Kind::kAll: break;
  }
  // Each part in turn moves the candidate on to its own next entry, until all agree on one.
  std::size_t agreed = 0;
  for (std::size_t i = 0; agreed < parts.size(); i = (i + 1) % parts.size()) {
    auto entry = parts[i].from(offset);
    if (!entry || *entry == 0) {
      return entry;
    }
    agreed = *entry == offset ? agreed + 1 : 1;
    offset = *entry;
  }
  return offset;
}

Expected<std::uint64_t> MatchTree::Node::before(std::uint64_t offset) {
  switch (kind) {
    case Kind::kChain: return chain.last_before(offset);
    case Kind::kAny: {
      std::uint64_t nearest = 0;
      for (Node& part : parts) {
        auto entry = part.before(offset);
        if (!entry) {
          return entry;
        }
        nearest = std::max(nearest, *entry);
      }
      return nearest;
    }
    case Kind::kAll: break;
  }
  // `offset` is a bound at first and a candidate later on: one below the bound.
  std::size_t agreed = 0;
  for (std::size_t i = 0; agreed < parts.size(); i = (i + 1) % parts.size()) {
    auto entry = parts[i].before(offset);
    if (!entry || *entry == 0) {
      return entry;
    }
    agreed = *entry + 1 == offset ? agreed + 1 : 1;
    offset = *entry + 1;
  }
  return offset - 1;
}

}  // namespace gatevisor::journal

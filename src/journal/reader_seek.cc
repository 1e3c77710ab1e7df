// Positions, matches and cursors.
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>

#include "journal/reader.h"

namespace gatevisor::journal {
namespace {

std::string hex(std::uint64_t number) {
  std::array<char, 16> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number, 16).ptr;
  return {text.data(), end};
}

std::string hex(const Id128& id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : id) {
    text += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{0x0f})];
  }
  return text;
}

std::optional<std::uint64_t> from_hex(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

std::string Reader::cursor(const EntryMeta& entry) const {
  return "s=" + hex(header().seqnum_id) + ";i=" + hex(entry.seqnum) + ";b=" + hex(entry.boot_id) +
         ";m=" + hex(entry.monotonic_usec) + ";t=" + hex(entry.realtime_usec) +
         ";x=" + hex(entry.xor_hash);
}

// Sequence numbers mean something among the files of one seqnum_id only; else the time has to do.
Expected<void> Reader::seek_cursor(std::string_view cursor) {
  bool same_run = false;
  std::optional<std::uint64_t> seqnum;
  std::optional<std::uint64_t> realtime;
  while (!cursor.empty()) {
    const std::string_view part = cursor.substr(0, cursor.find(';'));
    cursor.remove_prefix(std::min(part.size() + 1, cursor.size()));
    if (part.size() < 3 || part[1] != '=') {
      return fail("parse", "journal cursor", EINVAL);
    }
    const std::string_view value = part.substr(2);
    if (part[0] == 's') {
      same_run = value == hex(header().seqnum_id);
    } else if (part[0] == 'i' || part[0] == 't') {
      const auto number = from_hex(value);
      if (!number) {
        return fail("parse", "journal cursor", EINVAL);
      }
      (part[0] == 'i' ? seqnum : realtime) = number;
    }
  }
  if (same_run && seqnum) {
    return seek_seqnum(*seqnum);
  }
  return realtime ? seek_realtime(*realtime) : fail("parse", "journal cursor", EINVAL);
}

template <typename Key>
Expected<void> Reader::seek_by(std::uint64_t wanted, Key key) {
  std::uint64_t low = 0;
  for (std::uint64_t high = entries_.size(); low < high;) {
    const std::uint64_t middle = low + (high - low) / 2;
    auto offset = entries_.at(middle);
    auto entry = offset ? objects_->entry(*offset) : std::unexpected(std::move(offset.error()));
    if (!entry) {
      return std::unexpected(std::move(entry.error()));
    }
    if (key(*entry) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == entries_.size()) {
    seek_tail();
    return {};
  }
  auto offset = entries_.at(low);
  if (!offset) {
    return std::unexpected(std::move(offset.error()));
  }
  position_ = {.offset = *offset, .on_entry = false};
  return {};
}

Expected<void> Reader::seek_seqnum(std::uint64_t seqnum) {
  return seek_by(seqnum, [](const EntryObject& entry) { return entry.seqnum; });
}

Expected<void> Reader::seek_realtime(std::uint64_t usec) {
  return seek_by(usec, [](const EntryObject& entry) { return entry.realtime; });
}

Expected<bool> Reader::next() {
  auto found = match_from(position_.on_entry ? position_.offset + 1 : position_.offset);
  if (!found) {
    return std::unexpected(std::move(found.error()));
  }
  if (*found != 0) {
    position_ = {.offset = *found, .on_entry = true};
  }
  return *found != 0;
}

Expected<bool> Reader::previous() {
  auto found = match_before(position_.offset);
  if (!found) {
    return std::unexpected(std::move(found.error()));
  }
  if (*found != 0) {
    position_ = {.offset = *found, .on_entry = true};
  }
  return *found != 0;
}

Expected<void> Reader::add_match(std::string_view payload) {
  const std::string_view name = payload.substr(0, payload.find('='));
  if (name.empty() || name.size() == payload.size()) {
    return fail("parse", "journal match: expected NAME=value", EINVAL);
  }
  auto chain = chain_of(*objects_, payload, last_entry_);
  if (!chain) {
    return std::unexpected(std::move(chain.error()));
  }
  auto match = std::ranges::find(matches_, name, &Match::name);
  if (match == matches_.end()) {
    match = matches_.insert(match, Match{.name = std::string(name), .payloads = {}, .chains = {}});
  }
  match->payloads.emplace_back(payload);
  match->chains.push_back(std::move(*chain));
  return {};
}

Expected<EntryChain> Reader::chain_of(const Objects& objects, std::string_view payload,
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

// Each name in turn moves the candidate on to its own next entry, until all agree on one.
Expected<std::uint64_t> Reader::match_from(std::uint64_t offset) {
  const auto next_of = [](EntryChain& chain, std::uint64_t from) -> Expected<std::uint64_t> {
    auto index = chain.lower_bound(from);
    if (!index || *index == chain.size()) {
      return index ? Expected<std::uint64_t>(0) : index;
    }
    auto entry = chain.at(*index);
    return entry && *entry < from ? Objects::bad(*entry, "entry array is not sorted") : entry;
  };
  if (matches_.empty()) {
    return next_of(entries_, offset);
  }
  std::size_t agreed = 0;
  for (std::size_t i = 0; agreed < matches_.size(); i = (i + 1) % matches_.size()) {
    std::uint64_t nearest = 0;
    for (EntryChain& chain : matches_[i].chains) {
      auto entry = next_of(chain, offset);
      if (!entry) {
        return entry;
      }
      if (*entry != 0 && (nearest == 0 || *entry < nearest)) {
        nearest = *entry;
      }
    }
    if (nearest == 0 || nearest > last_entry_) {
      return 0;
    }
    agreed = nearest == offset ? agreed + 1 : 1;
    offset = nearest;
  }
  return offset;
}

Expected<std::uint64_t> Reader::match_before(std::uint64_t offset) {
  const auto previous_of = [](EntryChain& chain, std::uint64_t from) -> Expected<std::uint64_t> {
    auto index = chain.lower_bound(from);
    if (!index || *index == 0) {
      return index ? Expected<std::uint64_t>(0) : index;
    }
    auto entry = chain.at(*index - 1);
    return entry && *entry >= from ? Objects::bad(*entry, "entry array is not sorted") : entry;
  };
  if (matches_.empty()) {
    return previous_of(entries_, offset);
  }
  std::size_t agreed = 0;
  // `offset` is a bound at first and a candidate later on: one below the bound.
  std::uint64_t bound = std::min(offset, last_entry_ + 1);
  for (std::size_t i = 0; agreed < matches_.size(); i = (i + 1) % matches_.size()) {
    std::uint64_t nearest = 0;
    for (EntryChain& chain : matches_[i].chains) {
      auto entry = previous_of(chain, bound);
      if (!entry) {
        return entry;
      }
      nearest = std::max(nearest, *entry);
    }
    if (nearest == 0) {
      return 0;
    }
    agreed = nearest + 1 == bound ? agreed + 1 : 1;
    bound = nearest + 1;
  }
  return bound - 1;
}

}  // namespace gatevisor::journal

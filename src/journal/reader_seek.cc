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
  Matches more = matches_;
  if (auto done = more.add(payload); !done) {
    return done;
  }
  return set_matches(std::move(more));
}

Expected<void> Reader::set_matches(Matches matches) {
  auto tree = MatchTree::make(*objects_, matches, last_entry_);
  if (!tree) {
    return std::unexpected(std::move(tree.error()));
  }
  matches_ = std::move(matches);
  tree_ = std::move(*tree);
  return {};
}

Expected<std::uint64_t> Reader::match_from(std::uint64_t offset) {
  return matches_.empty() ? entries_.first_from(offset) : tree_.from(offset);
}

Expected<std::uint64_t> Reader::match_before(std::uint64_t offset) {
  return matches_.empty() ? entries_.last_before(offset) : tree_.before(offset);
}

}  // namespace gatevisor::journal

// Fields that many entries have in common: looked up once, and linked to all of these entries at
// once.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "journal/jenkins.h"
#include "journal/writer.h"

namespace gatevisor::journal {

namespace {

std::span<const std::byte> bytes_of_text(const std::string& text) {
  return std::as_bytes(std::span(text));
}

/// Of two random numbers.
bool is_same(const Id128& one, const Id128& other) {
  return load<std::uint64_t>(one.data()) == load<std::uint64_t>(other.data()) &&
         load<std::uint64_t>(one.data() + 8) == load<std::uint64_t>(other.data() + 8);
}

}  // namespace

CommonFields::CommonFields(std::vector<std::string> payloads) : payloads_(std::move(payloads)) {
  std::ranges::sort(payloads_);
  payloads_.erase(std::ranges::unique(payloads_).begin(), payloads_.end());
  hashes_.resize(payloads_.size());
  for (const std::string& payload : payloads_) plain_ ^= jenkins_hash64(bytes_of_text(payload));
}

/// Those of them that are in a group need no plan.
Expected<void> Writer::plan_common(CommonFields* common, CommonFields* also) {
  common_.has_entry = goes_on(common_, common);
  if (!common_.has_entry) end_group(common_);
  // What both have is the first one's: it depends on that.
  const bool same = (common == nullptr || common_.has_entry) && also_.beside == common_.number;
  also_.has_entry = same && goes_on(also_, also);
  if (!also_.has_entry) end_group(also_);
  planned_.reserve(limits_.max_fields);  // the groups' spans stay good
  if (common != nullptr && !common_.has_entry) {
    if (auto done = plan_group(*common, nullptr); !done) return done;
    common_.planned = planned_;
  }
  const std::size_t first = planned_.size();
  if (also != nullptr && !also_.has_entry) {
    if (auto done = plan_group(*also, common); !done) return done;
    also_.planned = std::span(planned_).subspan(first);
  }
  return {};
}

/// Whether the next entry is one more of a group, which takes note of it.
bool Writer::goes_on(Group& group, const CommonFields* fields) const {
  const std::size_t next = batch_.size();
  if (fields == nullptr || group.number == 0 || fields->group_ != group.number || group.room == 0 ||
      !is_same(fields->file_, header_.file_id)) {
    return false;
  }
  if (group.waiting.size == 0) group.waiting.begin = static_cast<std::uint32_t>(next);
  return group.waiting.begin + group.waiting.size == next;
}

Expected<void> Writer::plan_group(CommonFields& fields, const CommonFields* others) {
  if (auto done = hash(fields); !done) return done;
  for (std::size_t i = 0; i < fields.payloads_.size(); ++i) {
    const auto payload = bytes_of_text(fields.payloads_[i]);
    if (has(others, payload, fields.hashes_[i])) continue;
    if (DataCache::Slot* const slot = find_cached(payload)) {
      plan_cached(payload, *slot);
    } else if (auto done = plan_hashed(payload, data_table_.place_of(fields.hashes_[i])); !done) {
      return done;
    }
  }
  return {};
}

/// Where this file has not hashed them yet.
Expected<void> Writer::hash(CommonFields& fields) const {
  if (is_same(fields.file_, header_.file_id)) return {};
  for (std::size_t i = 0; i < fields.payloads_.size(); ++i) {
    const auto payload = bytes_of_text(fields.payloads_[i]);
    if (!is_field_name(name_of(payload)) || payload.size() > limits_.max_field_size) {
      return fail("append", "journal field's name", EINVAL);
    }
    fields.hashes_[i] = hash_of(payload);
  }
  fields.file_ = header_.file_id;
  return {};
}

/// They are hashed.
bool Writer::has(const CommonFields* fields, std::span<const std::byte> payload,
                 std::uint64_t hash) {
  if (fields == nullptr) return false;
  const auto found = std::ranges::find(fields->hashes_, hash);
  return found != fields->hashes_.end() &&
         same_bytes(
             bytes_of_text(
                 fields->payloads_[static_cast<std::size_t>(found - fields->hashes_.begin())]),
             payload);
}

// Its fields were planned, and are linked by now. One that is new has no slot yet: the next entry
// gives it one.
void Writer::form_group(Group& group, CommonFields& fields) {
  group.slots.clear();
  group.offsets.clear();
  group.room = UINT32_MAX;
  for (const Planned& planned : group.planned) {
    if (planned.slot == nullptr || planned.slot->state.offset != planned.offset) return;
    const ArrayChain& arrays = planned.slot->state.arrays;
    group.room = std::min(group.room, arrays.tail_capacity - arrays.tail_used);
    group.slots.push_back(cache_.place_of(*planned.slot));
    group.offsets.push_back(static_cast<std::uint32_t>(planned.offset));
  }
  std::ranges::sort(group.offsets);
  group.number = ++last_group_;
  fields.group_ = group.number;
}

/// The slots say what the group has put off.
void Writer::settle_group(Group& group) {
  const Run run = std::exchange(group.waiting, {});
  if (group.number == 0 || run.size == 0) return;
  for (const std::uint32_t place : group.slots) {
    DataCache::Slot& slot = cache_.slot(place);
    cache_.use(slot);
    wait_for_array(slot.state.arrays, run);
    slot.state.n_entries += run.size;
    set_dirty(slot);
  }
}

void Writer::end_group(Group& group) {
  settle_group(group);
  group.number = 0;
}

}  // namespace gatevisor::journal

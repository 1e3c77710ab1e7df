// Fields that many entries have in common: looked up once, and linked to all of these entries at
// once.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "journal/jenkins.h"
#include "journal/writer.h"

namespace gatevisor::journal {

CommonFields::CommonFields(std::vector<std::string> payloads) {
  std::ranges::sort(payloads);
  payloads.erase(std::ranges::unique(payloads).begin(), payloads.end());
  for (std::string& payload : payloads) {
    plain_ ^= jenkins_hash64(std::as_bytes(std::span(payload)));
    fields_.push_back({.payload = std::move(payload)});
  }
}

Expected<void> Writer::plan_common(CommonFields& common) {
  const bool known = common.file_ == header_.file_id;
  const std::size_t next = batch_.size();
  if (known && group_.number != 0 && common.group_ == group_.number && group_.room > 0 &&
      (group_.waiting.size == 0 || group_.waiting.begin + group_.waiting.size == next)) {
    if (group_.waiting.size == 0) group_.waiting.begin = static_cast<std::uint32_t>(next);
    grouped_ = true;
    return {};
  }
  end_group();
  for (CommonFields::Hashed& field : common.fields_) {
    const auto payload = std::as_bytes(std::span(field.payload));
    if (!known) {
      if (!is_field_name(name_of(payload)) || payload.size() > limits_.max_field_size) {
        return fail("append", "journal field's name", EINVAL);
      }
      field.keyed = hash_of(payload);
    }
    if (auto done = plan_hashed(payload, field.keyed); !done) {
      return done;
    }
  }
  common.file_ = header_.file_id;
  return {};
}

bool Writer::is_in_common(const CommonFields& common, std::uint64_t hash,
                          std::span<const std::byte> payload) const {
  return std::ranges::any_of(common.fields_, [&](const CommonFields::Hashed& field) {
    return field.keyed == hash &&
           std::ranges::equal(std::as_bytes(std::span(field.payload)), payload);
  });
}

// They were planned first, and are linked by now. One that is new has no slot yet: the next entry
// gives it one.
void Writer::form_group(CommonFields& common) {
  group_.slots.clear();
  group_.offsets.clear();
  group_.room = UINT32_MAX;
  for (const Planned& planned : std::span(planned_).first(common.fields_.size())) {
    if (planned.slot == nullptr || planned.slot->state.offset != planned.offset) return;
    const ArrayChain& arrays = planned.slot->state.arrays;
    group_.room = std::min(group_.room, arrays.tail_capacity - arrays.tail_used);
    group_.slots.push_back(cache_.place_of(*planned.slot));
    group_.offsets.push_back(static_cast<std::uint32_t>(planned.offset));
  }
  std::ranges::sort(group_.offsets);
  group_.number = ++last_group_;
  common.group_ = group_.number;
}

/// The slots say what the group has put off.
void Writer::settle_group() {
  const Run run = std::exchange(group_.waiting, {});
  if (group_.number == 0 || run.size == 0) return;
  for (const std::uint32_t place : group_.slots) {
    DataCache::Slot& slot = cache_.slot(place);
    cache_.use(slot);
    wait_for_array(slot.state.arrays, run);
    slot.state.n_entries += run.size;
    set_dirty(slot);
  }
}

void Writer::end_group() {
  settle_group();
  group_.number = 0;
}

}  // namespace gatevisor::journal

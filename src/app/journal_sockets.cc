#include "app/journal_sockets.h"

#include "os/invocation.h"

namespace gatevisor::app {

JournalSockets::JournalSockets(JournalStore& store, JournalMemory& memory, os::Poller& poller,
                               std::uint64_t first_key, JournalConsole& console)
    : store_(store),
      memory_(memory),
      poller_(poller),
      first_key_(first_key),
      console_(console),
      senders_(store.host_fields()) {}

void JournalSockets::add(std::string_view kind, std::vector<os::UniqueFd>& fds) {
  if (kind.size() != 1 || fds.size() != 1) return;
  const auto index = static_cast<std::size_t>(static_cast<unsigned char>(kind.front()));
  if (index >= kLogSockets || places_[index].socket) return;
  Place& place = places_[index];
  place.socket.emplace(static_cast<LogSocketKind>(index), std::move(fds.front()), store_, memory_,
                       senders_, console_);
  place.ready = true;  // what an earlier writer has left
}

bool JournalSockets::note_ready(std::uint64_t key) {
  if (key < first_key_ || key >= first_key_ + kLogSockets) return false;
  places_[key - first_key_].ready = true;
  return true;
}

Expected<void> JournalSockets::keep(bool all, Instant now) {
  for (Place& place : places_) {
    if (!place.socket || !(all || place.ready)) continue;
    place.ready = true;
    for (int turn = 0; place.ready && turn < (all ? kMostTurns : 1); ++turn) {
      const auto kept = place.socket->keep(os::journal_times(), now);
      if (!kept) return std::unexpected(kept.error());
      place.ready = *kept;
    }
  }
  return {};
}

std::uint64_t JournalSockets::drop() {
  std::uint64_t entries = 0;
  for (Place& place : places_) {
    if (place.socket && std::exchange(place.ready, false)) entries += place.socket->drop();
  }
  return entries;
}

bool JournalSockets::take_critical() {
  bool critical = false;
  for (Place& place : places_) critical |= place.socket && place.socket->take_critical();
  return critical;
}

void JournalSockets::watch(bool wanted) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    if (!place.socket || wanted == place.watched) continue;
    if (wanted) {
      place.watched = poller_.watch(place.socket->fd(), os::kReadable, first_key_ + i).has_value();
    } else {
      poller_.unwatch(place.socket->fd());
      place.watched = false;
    }
  }
}

Expected<void> JournalSockets::finish(Instant now) {
  if (auto kept = keep(true, now); !kept) return kept;
  watch(false);
  for (Place& place : places_) place.socket.reset();
  return {};
}

}  // namespace gatevisor::app

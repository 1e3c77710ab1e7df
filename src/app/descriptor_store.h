// What a service has given into keeping (FDSTORE=1 of sd_notify(3)), for its next life.
//
// Owns the descriptors. One whose other end is gone (EPOLLHUP, EPOLLERR) is dropped, unless
// FDPOLL=0 came with it: systemd.service(5), FileDescriptorStoreMax=.
#pragma once

#include <string>
#include <vector>

#include "os/event_loop.h"
#include "os/unique_fd.h"

namespace gatevisor::app {

class DescriptorStore {
 public:
  /// `loop` must outlive it. At most `most` are kept.
  DescriptorStore(std::size_t most, os::EventLoop& loop, std::uint32_t unit)
      : most_(most), loop_(loop), unit_(unit) {}
  DescriptorStore(const DescriptorStore&) = delete;
  DescriptorStore& operator=(const DescriptorStore&) = delete;
  ~DescriptorStore() { clear(); }

  /// False: there is no room for it. One that is here already is closed.
  bool add(os::UniqueFd fd, std::string name, bool poll);
  /// All of that name.
  void remove(const std::string& name);
  /// os::Source::Stored: drops those whose other end is gone.
  void check();
  void clear();

  /// In the order in which they came.
  std::vector<int> descriptors() const;
  /// NAME=VALUE for who gets them: $LISTEN_FDS, $LISTEN_PID (sd_listen_fds(3)), $LISTEN_FDNAMES.
  /// None where nothing is kept.
  std::vector<std::string> variables() const;

 private:
  struct Stored {
    os::UniqueFd fd;
    std::string name;
    bool polled;
  };
  template <typename Drop>
  void drop_if(Drop drop);

  std::size_t most_;
  os::EventLoop& loop_;
  std::uint32_t unit_;
  std::vector<Stored> all_;
};

}  // namespace gatevisor::app

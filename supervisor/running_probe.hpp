#pragma once
#include "supervisor/probe_loop.hpp"
#include "supervisor/supervisor.hpp"

#include <boost/asio/cancellation_signal.hpp>

namespace podmedic {

/// A probe's loop, and the means to end it.
struct supervisor::running_probe {
  running_probe(boost::asio::io_context& context, const config::probe_entry& entry, probes::surroundings around,
                probe_loop::nobody_there nobody, probe_loop::on_result report)
      : loop(context, entry, std::move(around), std::move(nobody), std::move(report)) {}
  probe_loop loop;
  boost::asio::cancellation_signal cancel;
  bool ended = false;
};

}  // namespace podmedic

#include "supervisor/probe_loop.hpp"

#include "base/http_client.hpp"
#include "test/support/given_processes.hpp"

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace podmedic {
namespace {

/// Says which container it was told to look at, each time anew.
class telling_probe final : public probes::probe {
 public:
  explicit telling_probe(const probes::surroundings& around) : around_(around) {}
  boost::asio::awaitable<verdict> check(milliseconds) override { co_return pass{around_.container}; }

 private:
  const probes::surroundings& around_;
};

TEST(probe_loop, keeps_the_surroundings_that_its_probe_refers_to) {
  boost::asio::io_context context(1);
  http_client http(context);
  test::given_processes processes;
  config::probe_entry entry{.name = "telling", .kind = "telling", .spec = {}, .container = {}};
  entry.spec.make = [](const probes::surroundings& around) -> std::unique_ptr<probes::probe> {
    return std::make_unique<telling_probe>(around);
  };
  probes::surroundings given{.http = http, .processes = processes, .container = "engine"};
  std::string told;
  probe_loop loop(
      context, entry, given, [] { return std::nullopt; },
      [&](probe_loop&, const check_result& result) { told = std::get<pass>(result.found).note; });
  given.container = "changed after the loop was made";
  boost::asio::co_spawn(context, loop.run(0, 1), boost::asio::detached);
  while (told.empty() && context.run_one() > 0) {
  }
  EXPECT_EQ(told, "engine");
}

}  // namespace
}  // namespace podmedic

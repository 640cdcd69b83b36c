#include "probes/event_stream.hpp"

#include <gtest/gtest.h>

#include <string>

namespace podmedic::probes {
namespace {

TEST(event_stream, counts_data_and_not_what_keeps_the_connection_warm) {
  const struct {
    const char* piece;
    bool is_data;
  } rows[] = {
      {"data: {}\n\n", true},   {"data:x\n", true},    {": ping\n\n", false},
      {":\r\n\r\n", false},     {"\n\n", false},       {"event: ping\nid: 7\nretry: 10\n", false},
      {"database: 1\n", false}, {"xdata: 1\n", false}, {": a comment\ndata: {}\n", true},
      {"data: [DONE]", true},
  };
  for (const auto& row : rows) EXPECT_EQ(event_stream().take(row.piece), row.is_data) << row.piece;
}

TEST(event_stream, comes_in_pieces_of_any_size) {
  const std::string text = ": ping\ndata: ab\n: data: no\n";
  event_stream stream;
  std::string counted;
  for (const char byte : text) {
    if (stream.take({&byte, 1})) counted += byte;
  }
  EXPECT_EQ(counted, ": ab");
}

}  // namespace
}  // namespace podmedic::probes

#include "daemon/wire/proto_reader.h"

#include <limits>

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

enum class Colour { kRed, kGreen };

TEST(ProtoReaderTest, TheFirstRefusalStaysWithItsPath) {
  ProtoReader reader;
  EXPECT_TRUE(reader.ok());
  {
    const ProtoReader::Inside classes(&reader, "user_classes", 3);
    const ProtoReader::Inside wait_time(&reader, "wait_time");
    reader.Refuse("low", "be shorter");
  }
  reader.Refuse("later", "not be reported");
  EXPECT_EQ(reader.status(),
            absl::InvalidArgumentError("user_classes[3].wait_time.low must be shorter"));
}

TEST(ProtoReaderTest, AnEmptyFieldMeansTheMessageItself) {
  ProtoReader reader;
  const ProtoReader::Inside inside(&reader, "rows", 0);
  reader.Refuse("", "be there");
  EXPECT_EQ(reader.status().message(), "rows[0] must be there");
}

TEST(ProtoReaderTest, ARefusedValueLeavesTheTargetAlone) {
  ProtoReader reader;
  uint64_t count = 7;
  reader.Count("count", 11, 10, &count);
  double number = 7;
  reader.Number("number", std::numeric_limits<double>::quiet_NaN(), 0, 10, &number);
  int whole = 7;
  reader.Int("whole", -1, 0, 10, &whole);
  Colour colour = Colour::kGreen;
  reader.Enum("colour", 3, Colour::kGreen, &colour);
  Nanos span{7};
  google::protobuf::Duration negative;
  negative.set_seconds(-1);
  reader.Span("span", negative, &span);
  EXPECT_EQ(count, 7u);
  EXPECT_EQ(number, 7);
  EXPECT_EQ(whole, 7);
  EXPECT_EQ(colour, Colour::kGreen);
  EXPECT_EQ(span, Nanos(7));
  EXPECT_EQ(reader.status().message(), "count must be at most 10, got 11");
}

TEST(ProtoReaderTest, AnUnspecifiedEnumKeepsTheDefaultOnlyWhereItMay) {
  ProtoReader reader;
  Colour colour = Colour::kGreen;
  reader.Enum("colour", 0, Colour::kGreen, &colour);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(colour, Colour::kGreen);
  reader.Enum("colour", 1, Colour::kGreen, &colour);
  EXPECT_EQ(colour, Colour::kRed);
  reader.RequiredEnum("colour", 0, Colour::kGreen, &colour);
  EXPECT_EQ(reader.status().message(), "colour must be from 1 to 2, got 0");
}

TEST(ProtoReaderTest, TheLongestSpanIsTenYears) {
  google::protobuf::Duration span;
  span.set_seconds(std::chrono::duration_cast<std::chrono::seconds>(kSpanMax).count());
  ProtoReader reader;
  Nanos read{0};
  reader.Span("span", span, &read);
  EXPECT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(read, kSpanMax);
  span.set_nanos(1);
  reader.Span("span", span, &read);
  EXPECT_FALSE(reader.ok());
}

TEST(ProtoReaderTest, ATimeBeyond2262IsRefused) {
  google::protobuf::Timestamp time;
  time.set_seconds(INT64_MAX);
  ProtoReader reader;
  WallTime read{};
  reader.Time("at", time, &read);
  EXPECT_EQ(reader.status().message(),
            "at must be a time from 1678 to 2262, got 9223372036854775807 s and 0 ns");
}

TEST(ProtoReaderTest, ListElementsAddUp) {
  ProtoReader reader;
  EXPECT_TRUE(reader.Take("a", kPartsMax - 1));
  EXPECT_TRUE(reader.Take("b", 1));
  EXPECT_FALSE(reader.Take("c", 1));
  EXPECT_EQ(reader.status().message(),
            "c must not bring the list elements above 1000000, got 1000001");
}

}  // namespace
}  // namespace squall

#include "daemon/report/json_writer.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(JsonWriterTest, NestsWithTwoSpacesInTheOrderOfTheCalls) {
  JsonWriter json;
  json.BeginObject().Field("b", 1).Field("a", "x").Key("list").BeginArray();
  json.Value(true).Null().Value(0.5).EndArray().EndObject();
  EXPECT_EQ(
      json.Take(),
      "{\n  \"b\": 1,\n  \"a\": \"x\",\n  \"list\": [\n    true,\n    null,\n    0.5\n  ]\n}\n");
}

TEST(JsonWriterTest, CompactHasNoSpaces) {
  JsonWriter json(JsonWriter::Style::kCompact);
  json.BeginObject().Field("b", 1).Key("list").BeginArray().Value("x").Null().BeginLine();
  json.Field("c", true).EndObject().EndArray().EndObject();
  EXPECT_EQ(json.Take(), "{\"b\":1,\"list\":[\"x\",null,{\"c\":true}]}");
}

TEST(JsonWriterTest, TextIsCutWhereTheCallerSays) {
  JsonWriter json;
  json.BeginArrayLine().Text("abcdef", 3).Text("äöü", 3).EndArray();
  EXPECT_EQ(json.Take(), "[\"abc…\", \"ä…\"]\n");
}

TEST(JsonWriterTest, EmptyObjectsAndArraysHaveNoInside) {
  JsonWriter json;
  json.BeginObject().Key("o").BeginObject().EndObject().Key("a").BeginArray().EndArray();
  EXPECT_EQ(json.EndObject().Take(), "{\n  \"o\": {},\n  \"a\": []\n}\n");
}

TEST(JsonWriterTest, LinesHoldWhateverIsInThem) {
  JsonWriter json;
  json.BeginArray().BeginLine().Field("x", 1).Key("y").BeginArray().Value(2).Value(3).EndArray();
  EXPECT_EQ(json.EndObject().EndArray().Take(), "[\n  {\"x\": 1, \"y\": [2, 3]}\n]\n");
}

TEST(JsonWriterTest, AnArrayMayBeALineAsWell) {
  JsonWriter json;
  json.BeginObject().Key("x").BeginArrayLine().Value(1).Value(2).EndArray();
  EXPECT_EQ(json.EndObject().Take(), "{\n  \"x\": [1, 2]\n}\n");
}

TEST(JsonWriterTest, NumbersThatJsonCannotSayAreNull) {
  JsonWriter json;
  json.BeginArray().Value(std::nan("")).Value(std::numeric_limits<double>::infinity());
  EXPECT_EQ(json.EndArray().Take(), "[\n  null,\n  null\n]\n");
}

TEST(JsonWriterTest, IntegersKeepAllDigits) {
  JsonWriter json;
  EXPECT_EQ(json.Value(std::numeric_limits<uint64_t>::max()).Take(), "18446744073709551615\n");
}

TEST(JsonWriterTest, TextIsEscapedAndWrongBytesAreReplaced) {
  JsonWriter json;
  json.Value(std::string_view("\"\\\n\r\t\x01\x7f\0 é \xff", 13));
  EXPECT_EQ(json.Take(), "\"\\\"\\\\\\n\\r\\t\\u0001\\u007f\\u0000 é \uFFFD\"\n");
}

TEST(JsonWriterTest, TakeLeavesAnEmptyWriter) {
  JsonWriter json;
  json.Value(1).Take();
  EXPECT_EQ(json.Value(2).Take(), "2\n");
}

}  // namespace
}  // namespace squall

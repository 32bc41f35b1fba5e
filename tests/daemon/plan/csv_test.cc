#include "daemon/plan/csv.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

// All rows as JSON, or the error.
std::string Rows(std::string_view text) {
  const absl::StatusOr<std::vector<Value>> rows = ReadCsv(text);
  if (!rows.ok()) {
    return std::string(rows.status().message());
  }
  std::string json;
  Value(ValueList(*rows)).AppendJson(&json);
  return json;
}

TEST(CsvTest, RowsAreObjectsByColumn) {
  EXPECT_EQ(Rows("name,price\nLaptop,999.99\nPhone,5\n"),
            R"([{"name":"Laptop","price":999.99},{"name":"Phone","price":5}])");
}

TEST(CsvTest, QuotesKeepCommasQuotesAndLineBreaks) {
  EXPECT_EQ(Rows("a,b\r\n\"x, \"\"y\"\"\",\"1\r\n2\"\r\n"), R"([{"a":"x, \"y\"","b":"1\r\n2"}])");
}

TEST(CsvTest, FieldsBecomeNumbersOnlyWhenNothingIsLost) {
  EXPECT_EQ(Rows("a,b,c,d,e,f\n007,1.50,\"5\",true,-3,12345678901234567890\n"),
            R"([{"a":"007","b":"1.50","c":"5","d":true,"e":-3,"f":"12345678901234567890"}])");
}

TEST(CsvTest, TheLastLineMayLackItsEndAndEmptyLinesAreSkipped) {
  EXPECT_EQ(Rows("\xEF\xBB\xBF"
                 "a\n\n1\n\n\"\"\n2"),
            R"([{"a":1},{"a":""},{"a":2}])");
  EXPECT_EQ(Rows("a,b\n,\n"), R"([{"a":"","b":""}])");
  EXPECT_EQ(Rows("a,b\n"), "[]");
}

TEST(CsvTest, MistakesAreSaidWithTheirLine) {
  EXPECT_EQ(Rows("a,b\n1,2\n3\n"), "line 3: must have 2 fields as the header row, got 1");
  EXPECT_EQ(Rows("a,b\n\"1\n\n2\",3,4\n"), "line 2: must have 2 fields as the header row, got 3");
  EXPECT_EQ(Rows("a\n\"open\n"), "line 2: must close the quotes that are opened");
  EXPECT_EQ(Rows("a\n\"x\"y\n"),
            "line 2: must have a comma or the end of the line after closing quotes");
  EXPECT_EQ(
      Rows("a\nx\"y\"\n"),
      "line 2: must have a field with quotes in it inside quotes, doubled: \"a \"\"b\"\" c\"");
  EXPECT_EQ(Rows("a,a\n"), "line 1: must not name the column 'a' twice");
  EXPECT_EQ(Rows("a,\n"), "line 1: must have a header row that names every column");
  EXPECT_EQ(Rows(""), "must have a header row");
  EXPECT_EQ(Rows(std::string(2'000, ',')), "line 1: must not have more than 1000 columns");
}

}  // namespace
}  // namespace squall

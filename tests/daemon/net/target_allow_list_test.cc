#include "daemon/net/target_allow_list.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

TargetAllowList Parsed(const std::vector<std::string>& texts) {
  const absl::StatusOr<TargetAllowList> list = ParseTargetAllowList(texts);
  EXPECT_TRUE(list.ok()) << list.status();
  return list.ok() ? *list : TargetAllowList();
}

std::string ErrorOf(const std::string& text) {
  const absl::StatusOr<TargetAllowList> list = ParseTargetAllowList({text});
  EXPECT_EQ(list.status().code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(list.status().message());
}

sockaddr_storage Address(const char* text, uint16_t port) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, text, &v6->sin6_addr), 1) << text;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
  }
  return storage;
}

TEST(TargetAllowListTest, AnEmptyListAllowsEverything) {
  const TargetAllowList list;
  EXPECT_TRUE(list.empty());
  EXPECT_TRUE(list.AllowsHost("example.com", 80));
  EXPECT_TRUE(list.AllowsHost("::1", 80));
  EXPECT_TRUE(list.AllowsAddress(Address("10.0.0.1", 80)));
  EXPECT_TRUE(list.MayAllow("example.com", 80));
  EXPECT_EQ(list.ToString(), "all targets");
  EXPECT_EQ(Parsed({}), list);
}

TEST(TargetAllowListTest, AddressEntriesJudgeAddresses) {
  const struct {
    const char* what;
    const char* entry;
    const char* address;
    uint16_t port;
    bool allowed;
  } rows[] = {
      {"an address", "192.168.1.5", "192.168.1.5", 80, true},
      {"its neighbour", "192.168.1.5", "192.168.1.4", 80, false},
      {"the first of a block", "10.0.0.0/8", "10.0.0.0", 80, true},
      {"the last of a block", "10.0.0.0/8", "10.255.255.255", 80, true},
      {"below a block", "10.0.0.0/8", "9.255.255.255", 80, false},
      {"above a block", "10.0.0.0/8", "11.0.0.0", 80, false},
      {"the last of a block that ends within a byte", "10.1.128.0/17", "10.1.255.255", 80, true},
      {"below such a block", "10.1.128.0/17", "10.1.127.255", 80, false},
      {"a block of one", "10.0.0.1/32", "10.0.0.1", 80, true},
      {"beside a block of one", "10.0.0.0/31", "10.0.0.2", 80, false},
      {"all of IPv4", "0.0.0.0/0", "255.255.255.255", 80, true},
      {"the other family", "0.0.0.0/0", "::", 80, false},
      {"the right port", "10.0.0.0/8:443", "10.1.2.3", 443, true},
      {"another port", "10.0.0.0/8:443", "10.1.2.3", 80, false},
      {"an IPv6 address", "::1", "::1", 80, true},
      {"an IPv6 address in brackets", "[::1]", "::1", 80, true},
      {"an IPv6 address with a port", "[::1]:8082", "::1", 8082, true},
      {"an IPv6 address with another port", "[::1]:8082", "::1", 80, false},
      {"an IPv6 block", "fd00::/8", "fdff:ffff::1", 80, true},
      {"beside an IPv6 block", "fd00::/8", "fe00::1", 80, false},
      {"an IPv6 block with a port", "[fd00::/8]:443", "fd12::1", 443, true},
      {"an IPv6 block with another port", "[fd00::/8]:443", "fd12::1", 80, false},
      {"an IPv4-mapped address is IPv4", "10.0.0.0/8", "::ffff:10.1.2.3", 80, true},
      {"an IPv4-mapped address outside", "10.0.0.0/8", "::ffff:11.1.2.3", 80, false},
      {"an entry that is IPv4-mapped", "::ffff:10.0.0.0/104", "10.1.2.3", 80, true},
      {"an address that is IPv4-mapped", "::ffff:10.0.0.1", "10.0.0.1", 80, true},
      {"all of IPv6 has no IPv4", "::/0", "10.0.0.1", 80, false},
      {"nor an IPv4-mapped one", "::/0", "::ffff:10.0.0.1", 80, false},
      {"IPv4-compatible is IPv6", "10.0.0.0/8", "::10.0.0.1", 80, false},
      {"a host entry has no say", "localhost", "127.0.0.1", 80, false},
  };
  for (const auto& row : rows) {
    const TargetAllowList list = Parsed({row.entry});
    EXPECT_EQ(list.AllowsAddress(Address(row.address, row.port)), row.allowed) << row.what;
    EXPECT_EQ(list.AllowsHost(row.address, row.port), row.allowed) << row.what << ", in a URL";
    EXPECT_EQ(list.MayAllow(row.address, row.port), row.allowed) << row.what << ", before DNS";
  }
}

TEST(TargetAllowListTest, HostEntriesJudgeNames) {
  const struct {
    const char* what;
    const char* entry;
    const char* host;
    uint16_t port;
    bool allowed;
  } rows[] = {
      {"the host", "shop.example.com", "shop.example.com", 80, true},
      {"whatever the case", "Shop.Example.com", "shop.EXAMPLE.com", 80, true},
      {"the dot that ends a full name", "shop.example.com", "shop.example.com.", 80, true},
      {"and in the entry", "shop.example.com.", "shop.example.com", 80, true},
      {"another host", "shop.example.com", "example.com", 80, false},
      {"a host below", "shop.example.com", "a.shop.example.com", 80, false},
      {"a longer name", "shop.example.com", "shop.example.com.evil.test", 80, false},
      {"the right port", "shop.example.com:443", "shop.example.com", 443, true},
      {"another port", "shop.example.com:443", "shop.example.com", 80, false},
      {"a name without a dot", "localhost", "localhost", 80, true},
      {"a name below", "*.example.com", "shop.example.com", 80, true},
      {"any depth below", "*.example.com", "a.b.example.com", 80, true},
      {"not the name itself", "*.example.com", "example.com", 80, false},
      {"not an empty label", "*.example.com", ".example.com", 80, false},
      {"not what only ends like it", "*.example.com", "badexample.com", 80, false},
      {"a name below, the right port", "*.example.com:443", "shop.example.com", 443, true},
      {"a name below, another port", "*.example.com:443", "shop.example.com", 80, false},
      {"an address is no name below", "*.example.com", "10.0.0.1", 80, false},
      {"a name that only looks like a block", "10.0.0.0/8", "10.example.com", 80, false},
      {"an address in getaddrinfo's own form is a name", "127.0.0.0/8", "127.1", 80, false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(Parsed({row.entry}).AllowsHost(row.host, row.port), row.allowed) << row.what;
  }
}

TEST(TargetAllowListTest, OneEntryThatAllowsIsEnough) {
  const TargetAllowList list = Parsed({"10.0.0.0/8,192.168.1.5:80", "shop.test"});
  EXPECT_TRUE(list.AllowsAddress(Address("10.9.9.9", 1)));
  EXPECT_TRUE(list.AllowsAddress(Address("192.168.1.5", 80)));
  EXPECT_TRUE(list.AllowsHost("shop.test", 1));
  EXPECT_FALSE(list.AllowsAddress(Address("192.168.1.5", 81)));
}

TEST(TargetAllowListTest, ANameMayStillResolveToAnAllowedAddress) {
  EXPECT_TRUE(Parsed({"10.0.0.0/8"}).MayAllow("shop.test", 80));
  EXPECT_TRUE(Parsed({"10.0.0.0/8"}).MayAllow("127.1", 80));
  EXPECT_FALSE(Parsed({"10.0.0.0/8"}).MayAllow("192.168.1.1", 80));
  EXPECT_FALSE(Parsed({"shop.test"}).MayAllow("other.test", 80)) << "no address is allowed";
  EXPECT_TRUE(Parsed({"shop.test"}).MayAllow("shop.test", 80));
}

TEST(TargetAllowListTest, AnAddressOfAnotherFamilyIsNotAllowed) {
  sockaddr_storage local{};
  local.ss_family = AF_UNIX;
  EXPECT_FALSE(Parsed({"0.0.0.0/0,::/0"}).AllowsAddress(local));
}

TEST(ParseTargetAllowListTest, SaysWhatIsWrongWithAnEntry) {
  const std::string form =
      "must be an address, a CIDR block or a host name, each with or without a port "
      "(10.0.0.0/8, [::1]:8082, *.example.com:443), got ";
  const struct {
    const char* entry;
    std::string error;
  } rows[] = {
      {"", form + "''"},
      {"10.0.0.1,", form + "''"},
      {"*", form + "'*'"},
      {"*.", form + "'*.'"},
      {"a.*.b", form + "'a.*.b'"},
      {"shop..test", form + "'shop..test'"},
      {"shop test", form + "'shop test'"},
      {" shop.test", form + "' shop.test'"},
      {"http://shop.test:80/", "must be a target, not a URL, got 'http://shop.test:80/'"},
      {"shop.test/8", form + "'shop.test/8'"},
      {"10.0.0.256", form + "'10.0.0.256'"},
      {"10.0.0", form + "'10.0.0'"},
      {"0x7f000001", form + "'0x7f000001'"},
      {"010.0.0.1", form + "'010.0.0.1'"},
      {"::1::", form + "'::1::'"},
      {"fd00::/8:443", "must have a prefix length of 0 to 128, got 'fd00::/8:443'"},
      {"[::1", form + "'[::1'"},
      {"[10.0.0.1]:80", form + "'[10.0.0.1]:80'"},
      {"[]:80", form + "'[]:80'"},
      {"[::1]80", "must have a port from 1 to 65535 after its colon, got '[::1]80'"},
      {"10.0.0.1:", "must have a port from 1 to 65535 after its colon, got '10.0.0.1:'"},
      {"10.0.0.1:0", "must have a port from 1 to 65535 after its colon, got '10.0.0.1:0'"},
      {"shop.test:65536",
       "must have a port from 1 to 65535 after its colon, got 'shop.test:65536'"},
      {"shop.test:+80", "must have a port from 1 to 65535 after its colon, got 'shop.test:+80'"},
      {"10.0.0.0/33", "must have a prefix length of 0 to 32, got '10.0.0.0/33'"},
      {"10.0.0.0/", "must have a prefix length of 0 to 32, got '10.0.0.0/'"},
      {"10.0.0.0/-1", "must have a prefix length of 0 to 32, got '10.0.0.0/-1'"},
      {"fd00::/129", "must have a prefix length of 0 to 128, got 'fd00::/129'"},
      {"10.1.2.3/8", "must begin where its block does, at 10.0.0.0/8, got '10.1.2.3/8'"},
      {"fd00::1/8", "must begin where its block does, at fd00::/8, got 'fd00::1/8'"},
      {"::ffff:10.0.0.1/100",
       "must begin where its block does, at 0.0.0.0/4, got "
       "'::ffff:10.0.0.1/100'"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(ErrorOf(row.entry), row.error);
  }
}

TEST(ParseTargetAllowListTest, LongThingsAreRefusedAndCutShort) {
  const std::string label(63, 'a');
  const std::string longest = fmt::format("{0}.{0}.{0}.{1}", label, std::string(61, 'b'));
  EXPECT_TRUE(Parsed({longest}).AllowsHost(longest, 80));
  EXPECT_LT(ErrorOf(longest + "c").size(), 250U);
  EXPECT_LT(ErrorOf(label + "a.test").size(), 250U);
}

TEST(ParseTargetAllowListTest, TakesAThousandEntries) {
  std::string text = "10.0.0.1";
  for (int i = 1; i < 1000; ++i) {
    text += ",10.0.0.1";
  }
  EXPECT_EQ(Parsed({text}).ToString(),
            "10.0.0.1, 10.0.0.1, 10.0.0.1, 10.0.0.1, 10.0.0.1, 10.0.0.1, 10.0.0.1, 10.0.0.1 and "
            "992 more");
  EXPECT_EQ(ErrorOf(text + ",10.0.0.1"), "must have at most 1000 entries, got more");
}

}  // namespace
}  // namespace squall

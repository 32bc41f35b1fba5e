// The page itself: index, assets, icon, login form. The same for everybody. Any thread.
#pragma once

#include <optional>
#include <string_view>

#include "daemon/gateway/rendering_cache.h"
#include "daemon/http/http_message.h"

namespace squall {

class WebSite final {
 public:
  // What the login form asks for.
  WebSite(bool token_login, bool password_login);

  // The reply to a GET of one of the site's own paths; nothing for others.
  std::optional<HttpReply> Find(const HttpRequest& request) const;
  // For a browser that asks for a page which the app knows how to show.
  HttpReply Index() const;

 private:
  struct File {
    Rendering content;
    std::string_view media_type;
  };
  HttpReply Forever(const File& file) const;
  HttpReply Login(const HttpRequest& request) const;

  const bool token_login_;
  const bool password_login_;
  File script_;
  File style_;
  File icon_;
  File index_;
};

}  // namespace squall

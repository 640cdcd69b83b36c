#include "base/curl_loop.hpp"

#include <sys/socket.h>

#include <cassert>
#include <chrono>
#include <utility>

namespace podmedic {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t free_handles = 4;
constexpr long held_connections = 64;

/// Ends the connection of a transfer that failed though libcurl would keep it (HTTP/2: only the stream failed). libcurl
/// looks at a held connection before it uses it again, and finds this one dead.
void hang_up(CURL* easy) {
  curl_socket_t fd = CURL_SOCKET_BAD;
  if (curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK && fd != CURL_SOCKET_BAD) {
    ::shutdown(fd, SHUT_RDWR);
  }
}

}  // namespace

/// A descriptor of libcurl's. `gone` is set at CURL_POLL_REMOVE: waits that were already queued then do nothing.
struct curl_loop::watched {
  watched(asio::io_context& context, curl_socket_t number) : fd(number), descriptor(context) {}
  curl_socket_t fd;
  asio::posix::stream_descriptor descriptor;
  int wanted = 0;
  bool reading = false;
  bool writing = false;
  bool gone = false;
};

curl_loop::curl_loop(asio::io_context& context) : context_(context), timer_(context) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  assert(global == CURLE_OK);
  static_cast<void>(global);
  multi_ = curl_multi_init();
  assert(multi_ != nullptr);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &curl_loop::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &curl_loop::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, held_connections);
  // One request at a time on a connection: a request that must not share the fate of another one (a fresh dial beside
  // a held channel) would otherwise be carried by the same HTTP/2 connection.
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
}

curl_loop::~curl_loop() {
  close();
}

void curl_loop::close() {
  if (multi_ == nullptr) {
    return;
  }
  // Completions own suspended coroutines, whose destruction may reach this object: they die last.
  const auto abandoned = std::move(under_way_);
  under_way_.clear();
  for (const auto& [easy, done] : abandoned) {
    curl_multi_remove_handle(multi_, easy);
  }
  curl_multi_cleanup(std::exchange(multi_, nullptr));
  assert(sockets_.empty() && "libcurl has closed a socket without saying so");
  timer_.cancel();
  free_.clear();
}

easy_handle curl_loop::take() {
  if (free_.empty()) {
    return easy_handle(curl_easy_init());
  }
  auto easy = std::move(free_.back());
  free_.pop_back();
  return easy;
}

void curl_loop::put_back(easy_handle easy) {
  if (multi_ != nullptr && easy != nullptr && free_.size() < free_handles) {
    curl_easy_reset(easy.get());
    free_.push_back(std::move(easy));
  }
}

void curl_loop::start(CURL* easy, completion done) {
  under_way_.emplace(easy, std::move(done));
  // Only arms the timer; the transfer begins, and can end, when that fires.
  if (multi_ == nullptr || curl_multi_add_handle(multi_, easy) != CURLM_OK) {
    finish(easy, CURLE_FAILED_INIT);
  }
}

void curl_loop::finish(CURL* easy, CURLcode code) {
  if (!under_way_.contains(easy)) {
    return;
  }
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);  // read when the transfer leaves its connection: drops it
  const auto done = remove(easy);
  done(code);
}

void curl_loop::forget(CURL* easy) {
  if (under_way_.contains(easy)) {
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    remove(easy);
  }
}

curl_loop::completion curl_loop::remove(CURL* easy) {
  auto entry = under_way_.extract(easy);
  if (multi_ != nullptr) {
    curl_multi_remove_handle(multi_, easy);
  }
  return std::move(entry.mapped());
}

int curl_loop::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  static_cast<curl_loop*>(self)->watch(fd, what);
  return 0;
}

int curl_loop::on_timer(CURLM*, long timeout_ms, void* self) {
  static_cast<curl_loop*>(self)->set_timer(timeout_ms);
  return 0;
}

void curl_loop::watch(curl_socket_t fd, int what) {
  const auto found = sockets_.find(fd);
  if (what == CURL_POLL_REMOVE) {
    if (found != sockets_.end()) {
      found->second->gone = true;
      found->second->descriptor.release();
      sockets_.erase(found);
    }
    return;
  }
  auto socket = found != sockets_.end() ? found->second : nullptr;
  if (socket == nullptr) {
    socket = std::make_shared<watched>(context_, fd);
    error_code failed;
    socket->descriptor.assign(fd, failed);
    if (failed) {
      return;  // epoll_ctl(2) refused (no memory, too many watches): the transfer ends at its deadline
    }
    sockets_.emplace(fd, socket);
  }
  socket->wanted = what;
  arm(socket);
}

void curl_loop::arm(const std::shared_ptr<watched>& socket) {
  using wait_type = asio::posix::descriptor_base::wait_type;
  const auto wait_for = [this, &socket](wait_type type, bool watched::* waiting, int event) {
    if ((*socket).*waiting) {
      return;
    }
    (*socket).*waiting = true;
    socket->descriptor.async_wait(type, [this, socket, waiting, event](error_code failed) {
      if (socket->gone || failed == asio::error::operation_aborted) {
        return;  // this object may be no more
      }
      (*socket).*waiting = false;
      ready(socket, failed ? CURL_CSELECT_ERR : event);
    });
  };
  if ((socket->wanted & CURL_POLL_IN) != 0) {
    wait_for(asio::posix::descriptor_base::wait_read, &watched::reading, CURL_CSELECT_IN);
  }
  if ((socket->wanted & CURL_POLL_OUT) != 0) {
    wait_for(asio::posix::descriptor_base::wait_write, &watched::writing, CURL_CSELECT_OUT);
  }
}

void curl_loop::ready(const std::shared_ptr<watched>& socket, int event) {
  const int needed = event == CURL_CSELECT_OUT ? CURL_POLL_OUT : CURL_POLL_IN;
  if (event != CURL_CSELECT_ERR && (socket->wanted & needed) == 0) {
    return;  // libcurl has lost interest meanwhile
  }
  const auto keep = shared_from_this();
  act(socket->fd, event);
  if (!socket->gone) {
    arm(socket);
  }
}

void curl_loop::set_timer(long timeout_ms) {
  if (timeout_ms < 0) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::chrono::milliseconds(timeout_ms));
  timer_.async_wait([weak = weak_from_this()](error_code failed) {
    const auto self = weak.lock();
    if (!failed && self != nullptr) {
      self->act(CURL_SOCKET_TIMEOUT, 0);
    }
  });
}

void curl_loop::act(curl_socket_t fd, int events) {
  if (multi_ == nullptr) {
    return;
  }
  int running = 0;
  curl_multi_socket_action(multi_, fd, events, &running);
  int left = 0;
  while (multi_ != nullptr) {
    const CURLMsg* const message = curl_multi_info_read(multi_, &left);
    if (message == nullptr) {
      break;
    }
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;
    if (code != CURLE_OK) {
      hang_up(easy);
    }
    const auto done = remove(easy);
    done(code);
  }
}

}  // namespace podmedic

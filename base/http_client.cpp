#include "base/http_client.hpp"

#include "base/clock.hpp"
#include "base/curl_fault.hpp"
#include "base/curl_loop.hpp"
#include "base/url.hpp"

#include <sys/socket.h>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace podmedic {

namespace asio = boost::asio;
using steady = std::chrono::steady_clock;

namespace {

constexpr std::size_t max_header_bytes = 64 * 1024;
/// libcurl's least, by its default it clears and frees 64 KiB for each request.
constexpr long send_buffer_bytes = 16 * 1024;

struct list_deleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using text_list = std::unique_ptr<curl_slist, list_deleter>;

void append(text_list& list, const std::string& line) {
  list.reset(curl_slist_append(list.release(), line.c_str()));
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(blank) + 1 - begin);
}

/// Of a status line, as "HTTP/1.1 103 Early Hints" or "HTTP/2 103".
bool is_informational(std::string_view line) {
  const std::size_t space = line.find(' ');
  return space != std::string_view::npos && space + 1 < line.size() && line[space + 1] == '1';
}

bool is_https(std::string_view address) {
  return lower_case(address.substr(0, 6)) == "https:";
}

milliseconds since(steady::time_point began) {
  return std::chrono::duration_cast<milliseconds>(steady::now() - began);
}

}  // namespace

std::optional<std::string_view> http_response::header(std::string_view name) const {
  const auto last =
      std::find_if(headers.rbegin(), headers.rend(), [&](const auto& each) { return each.first == name; });
  return last == headers.rend() ? std::nullopt : std::optional<std::string_view>(last->second);
}

std::optional<milliseconds> http_response::retry_after() const {
  constexpr int longest_seconds = 600;
  const auto given = header("retry-after");
  if (!given) return std::nullopt;
  int seconds = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), seconds);
  if (error != std::errc() || end != given->data() + given->size() || seconds < 0) return milliseconds(0);
  return std::chrono::seconds(std::min(seconds, longest_seconds));
}

namespace {

/// Why a transfer ended before libcurl ended it.
enum class ending { by_curl, timed_out, gap, too_large, enough, cancelled };

/// One attempt: the options, the buffers and the clock of one libcurl transfer. Lives in the frame of send(), which
/// waits for it; whatever else may outlast it holds it weakly.
class exchange : public std::enable_shared_from_this<exchange> {
 public:
  exchange(std::shared_ptr<curl_loop> loop, const http_request& request, steady::time_point began)
      : loop_(std::move(loop)), request_(request), began_(began), easy_(loop_->take()), timer_(loop_->context()) {}

  ~exchange() {
    loop_->forget(easy_.get());
    loop_->put_back(std::move(easy_));
  }
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;

  void ask(bool fresh);
  void only_dial(const std::string& host, std::uint16_t port);
  asio::awaitable<CURLcode> perform();

  /// Whether to ask once more on a fresh connection.
  bool found_stale(CURLcode code) const {
    if (ended_ != ending::by_curl || answer_begun_) return false;
    return redial_refused_ || is_stale(code, progress_of(easy_.get()));
  }
  http_result conclude(CURLcode code);

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(easy_.get(), option, value);
  }
  void set_common();
  void set_headers();
  void set_body();
  std::string set_tls();

  static int on_request(void* self, char*, char*, int, int);
  static curl_socket_t on_dial(void* self, curlsocktype, curl_sockaddr* address);
  static int on_debug(CURL*, curl_infotype kind, char* text, std::size_t size, void* self);
  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self);
  void take_header(std::string_view line);
  void take_body(std::string_view piece);

  bool ended_as_it_should(CURLcode code) const;

  void arm_timer();
  void give_up(ending why);
  http_failure failure(http_fault fault, std::string what) const;
  std::string how_far() const;

  const std::shared_ptr<curl_loop> loop_;
  const http_request& request_;
  const steady::time_point began_;
  easy_handle easy_;
  asio::steady_timer timer_;
  text_list headers_;
  text_list connect_to_;
  std::string tried_;
  std::array<char, CURL_ERROR_SIZE> explanation_{};
  http_response response_;
  std::size_t header_bytes_ = 0;
  bool request_sent_ = false;
  bool redial_refused_ = false;
  bool told_to_calm_down_ = false;
  bool informational_ = false;  ///< what comes now is an answer before the answer (RFC 9110, 15.2)
  bool answer_begun_ = false;
  std::optional<steady::time_point> last_piece_;
  ending ended_ = ending::by_curl;
};

void exchange::set_common() {
  set(CURLOPT_ERRORBUFFER, explanation_.data());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_UPLOAD_BUFFERSIZE, send_buffer_bytes);
  set(CURLOPT_SSL_SESSIONID_CACHE, 0L);  // a resumed session shows no certificate
  set(CURLOPT_PREREQFUNCTION, &exchange::on_request);
  set(CURLOPT_PREREQDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &exchange::on_dial);
  set(CURLOPT_OPENSOCKETDATA, this);
}

int exchange::on_request(void* self, char*, char*, int, int) {
  static_cast<exchange*>(self)->request_sent_ = true;
  return CURL_PREREQFUNC_OK;
}

/// libcurl would dial again by itself, up to five times, where the connection ends before the answer; whether to ask
/// once more is send()'s to decide.
curl_socket_t exchange::on_dial(void* self, curlsocktype, curl_sockaddr* address) {
  auto& own = *static_cast<exchange*>(self);
  if (own.request_sent_) {
    own.redial_refused_ = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/// What libcurl says of itself while it works: the only place where it tells why a server sent GOAWAY.
int exchange::on_debug(CURL*, curl_infotype kind, char* text, std::size_t size, void* self) {
  constexpr std::string_view calm_down = "GOAWAY, error=11,";  // ENHANCE_YOUR_CALM (RFC 9113, 7)
  if (kind == CURLINFO_TEXT && std::string_view(text, size).find(calm_down) != std::string_view::npos) {
    static_cast<exchange*>(self)->told_to_calm_down_ = true;
  }
  return 0;
}

void exchange::only_dial(const std::string& host, std::uint16_t port) {
  const std::string place = host_and_port(host, port);
  tried_ = "TCP connection to " + place;
  set_common();
  set(CURLOPT_URL, ("http://" + place + "/").c_str());
  set(CURLOPT_CONNECT_ONLY, 1L);
  set(CURLOPT_FRESH_CONNECT, 1L);
}

void exchange::ask(bool fresh) {
  tried_ = request_.method + " " + request_.url;
  set_common();
  const std::string address = is_https(request_.url) ? set_tls() : request_.url;
  set(CURLOPT_URL, address.c_str());
  set(CURLOPT_HTTP_VERSION,
      static_cast<long>(request_.http2_prior_knowledge ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE : CURL_HTTP_VERSION_1_1));
  set(CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
  if (fresh && request_.http2_prior_knowledge) {  // of a call on a held channel it would cost more than the call
    set(CURLOPT_DEBUGFUNCTION, &exchange::on_debug);
    set(CURLOPT_DEBUGDATA, this);
    set(CURLOPT_VERBOSE, 1L);
  }
  set(CURLOPT_FORBID_REUSE, request_.fresh ? 1L : 0L);
  set(CURLOPT_USERAGENT, "podmedic/" PODMEDIC_VERSION);
  set_body();
  set_headers();
  set(CURLOPT_HEADERFUNCTION, &exchange::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &exchange::on_body);
  set(CURLOPT_WRITEDATA, this);
}

void exchange::set_body() {
  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
    return;
  }
  if (!request_.body.empty() || request_.method == "POST") {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.c_str());
  }
  set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void exchange::set_headers() {
  // libcurl's own ideas, taken back: a name without a value removes the header. One that the caller gives wins.
  append(headers_, "Expect:");
  // A compressed answer is read, though none is asked for: some servers and proxies send it all the same.
  set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  append(headers_, "Accept-Encoding:");
  const bool typed = std::any_of(request_.headers.begin(), request_.headers.end(),
                                 [](const std::string& line) { return lower_case(line).starts_with("content-type:"); });
  if (!typed) {
    append(headers_, "Content-Type:");
  }
  for (const std::string& line : request_.headers) {
    append(headers_, line);
  }
  set(CURLOPT_HTTPHEADER, headers_.get());
}

/// Returns the URL to use: that with the name which the certificate must carry, where one is given.
std::string exchange::set_tls() {
  const tls_options& tls = request_.tls;
  if (!tls.ca_file.empty()) {
    set(CURLOPT_CAINFO, tls.ca_file.c_str());
    set(CURLOPT_CA_CACHE_TIMEOUT, 0L);  // rotated authorities count from the next dial on
  }
  if (!tls.certificate_file.empty()) {
    set(CURLOPT_SSLCERT, tls.certificate_file.c_str());
    set(CURLOPT_SSLKEY, tls.key_file.c_str());
  }
  const auto place = parse_url(request_.url);
  if (tls.server_name.empty() || !place) {
    return request_.url;
  }
  url named = *place;
  named.host = tls.server_name;
  append(connect_to_, host_and_port(named.host, named.port) + ":" + host_and_port(place->host, place->port));
  set(CURLOPT_CONNECT_TO, connect_to_.get());
  return named.to_text();
}

asio::awaitable<CURLcode> exchange::perform() {
  auto start = [this](auto handler) {
    const auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
    auto slot = asio::get_associated_cancellation_slot(*waiting);
    if (slot.is_connected()) {
      slot.assign([weak = weak_from_this()](asio::cancellation_type) {
        if (const auto self = weak.lock()) {
          self->give_up(ending::cancelled);
        }
      });
    }
    loop_->start(easy_.get(), [waiting, slot](CURLcode code) mutable {
      slot.clear();
      const auto executor = asio::get_associated_executor(*waiting);
      asio::post(executor, [waiting, code] { (*waiting)(code); });
    });
    arm_timer();
  };
  asio::use_awaitable_t<> token;
  const CURLcode code = co_await asio::async_initiate<asio::use_awaitable_t<>, void(CURLcode)>(std::move(start), token);
  timer_.cancel();
  co_return code;
}

void exchange::arm_timer() {
  auto next = began_ + request_.timeout;
  if (request_.max_gap && last_piece_) {
    next = std::min(next, *last_piece_ + *request_.max_gap);
  }
  timer_.expires_at(next);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
    const auto self = weak.lock();
    if (cancelled || self == nullptr) {
      return;
    }
    const auto now = steady::now();
    if (now >= self->began_ + self->request_.timeout) {
      self->give_up(ending::timed_out);
    } else if (self->last_piece_ && now >= *self->last_piece_ + *self->request_.max_gap) {
      self->give_up(ending::gap);
    } else {
      self->arm_timer();
    }
  });
}

/// May be called from libcurl's callbacks, so it acts only once they have returned.
void exchange::give_up(ending why) {
  if (ended_ != ending::by_curl) {
    return;
  }
  ended_ = why;
  asio::post(loop_->context(), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->loop_->finish(self->easy_.get(), CURLE_ABORTED_BY_CALLBACK);
    }
  });
}

std::size_t exchange::on_header(char* data, std::size_t, std::size_t size, void* self) {
  static_cast<exchange*>(self)->take_header({data, size});
  return size;
}

void exchange::take_header(std::string_view line) {
  if (line.starts_with("HTTP/")) informational_ = is_informational(line);
  if (!informational_ && !std::exchange(answer_begun_, true)) {
    response_.first_byte = since(began_);
  }
  header_bytes_ += line.size();
  if (header_bytes_ > max_header_bytes) {
    give_up(ending::too_large);
    return;
  }
  if (informational_ || line.starts_with("HTTP/")) return;
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    response_.headers.emplace_back(lower_case(trimmed(line.substr(0, colon))), trimmed(line.substr(colon + 1)));
  }
}

std::size_t exchange::on_body(char* data, std::size_t, std::size_t size, void* self) {
  static_cast<exchange*>(self)->take_body({data, size});
  return size;
}

void exchange::take_body(std::string_view piece) {
  if (ended_ != ending::by_curl) {
    return;
  }
  const bool first = !last_piece_;
  const bool counts = !request_.ends_gap || request_.ends_gap(piece, response_);
  if (first || counts) last_piece_ = steady::now();
  if (first && request_.max_gap) {
    arm_timer();
  }
  if (request_.on_body) {
    if (!request_.on_body(piece)) {
      give_up(ending::enough);
    }
  } else if (response_.body.size() + piece.size() > request_.max_body_bytes) {
    give_up(ending::too_large);
  } else {
    response_.body.append(piece);
  }
}

/// Whether what libcurl calls a failure is the end of a whole answer: one over TLS whose length nobody told and whose
/// sender hung up without TLS's close_notify (as the kubelet and Go take it, too).
bool exchange::ended_as_it_should(CURLcode code) const {
  if (code == CURLE_OK || ended_ == ending::enough) return true;
  if (code != CURLE_RECV_ERROR || !answer_begun_ || request_.http2_prior_knowledge) return false;
  const bool told_length = response_.header("content-length") || response_.header("transfer-encoding");
  return !told_length && std::string_view(explanation_.data()).find("unexpected eof") != std::string_view::npos;
}

http_failure exchange::failure(http_fault fault, std::string what) const {
  long status = 0;
  if (answer_begun_) curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  return {.fault = fault,
          .message = tried_ + ": " + what,
          .connected = progress_of(easy_.get()).connected,
          .status = static_cast<int>(status),
          .first_byte = answer_begun_ ? std::optional(response_.first_byte) : std::nullopt};
}

std::string exchange::how_far() const {
  if (answer_begun_) {
    return "an answer began, but was not whole within ";
  }
  if (informational_) return "an informational answer, but no answer within ";
  return progress_of(easy_.get()).connected ? "TCP accepted the connection, but no answer within "
                                            : "no connection within ";
}

http_result exchange::conclude(CURLcode code) {
  const progress_made progress = progress_of(easy_.get());
  const std::string timeout = to_text(request_.timeout);
  switch (ended_) {
    case ending::by_curl:
    case ending::enough: break;
    case ending::timed_out:
      if (!progress.name_resolved) {
        return failure(http_fault::could_not_ask, "the name was not resolved within " + timeout);
      }
      return failure(http_fault::timed_out, how_far() + timeout);
    case ending::gap:
      return failure(http_fault::gap, "the answer stopped for " + to_text(*request_.max_gap) + " in the middle");
    case ending::too_large: return failure(http_fault::too_large, "the answer is larger than allowed");
    case ending::cancelled: return failure(http_fault::could_not_ask, "given up before it ended");
  }
  if (!ended_as_it_should(code)) {
    const std::string_view explanation(explanation_.data());
    if (told_to_calm_down_) return failure(http_fault::told_to_calm_down, "HTTP/2 ENHANCE_YOUR_CALM");
    if (redial_refused_) return failure(http_fault::broken, "the connection ended before the answer");
    return failure(fault_of(code, progress, explanation), explain(code, progress, explanation));
  }
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  response_.reused = progress.reused;
  return std::move(response_);
}

}  // namespace

http_client::http_client(boost::asio::io_context& context)
    : plain_(std::make_shared<curl_loop>(context)), tls_(std::make_shared<curl_loop>(context)) {}

http_client::~http_client() {
  plain_->close();
  tls_->close();
}

boost::asio::awaitable<http_result> http_client::send(http_request request) {
  const auto has_line_break = [](const std::string& line) { return line.find_first_of("\r\n") != std::string::npos; };
  if (std::any_of(request.headers.begin(), request.headers.end(), has_line_break) || has_line_break(request.method)) {
    co_return http_failure{http_fault::could_not_ask, request.url + ": a line break in the method or a header", false};
  }
  const auto began = steady::now();
  const auto& loop = is_https(request.url) ? tls_ : plain_;
  auto attempt = std::make_shared<exchange>(loop, request, began);
  attempt->ask(request.fresh);
  CURLcode code = co_await attempt->perform();
  if (attempt->found_stale(code)) {
    attempt = std::make_shared<exchange>(loop, request, began);
    attempt->ask(true);
    code = co_await attempt->perform();
  }
  co_return attempt->conclude(code);
}

boost::asio::awaitable<std::optional<http_failure>> http_client::dial(std::string host, std::uint16_t port,
                                                                      milliseconds timeout) {
  http_request request;
  request.timeout = timeout;
  auto attempt = std::make_shared<exchange>(plain_, request, steady::now());
  attempt->only_dial(host, port);
  const CURLcode code = co_await attempt->perform();
  const http_result result = attempt->conclude(code);
  if (const auto* failed = std::get_if<http_failure>(&result)) {
    co_return *failed;
  }
  co_return std::nullopt;
}

}  // namespace podmedic

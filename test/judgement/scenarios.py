"""What record.py records: a function for each trace. It starts real processes, begins the observation, and makes the
fault at the time that the trace's header says."""

from __future__ import annotations

import base64
import json
import os
import resource
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from recording import VOLUME, Recording, http_get, no_endpoint, tcp_connect

Scenario = Callable[[Recording], None]
ALL: dict[str, Scenario] = {}


def scenario(name: str) -> Callable[[Scenario], Scenario]:
    def add(run: Scenario) -> Scenario:
        ALL[name] = run
        return run

    return add


# Inference servers: servers/inference.py


def inference(recording: Recording, *arguments: str) -> subprocess.Popen[str]:
    server = recording.python("engine", "inference.py", *arguments)
    wait_for_port(8000)
    return server


def wait_for_port(port: int, path: str = "/health", seconds: float = 20) -> None:
    look = http_get(port, path)
    deadline = time.monotonic() + seconds
    while "status=200" not in look():
        assert time.monotonic() < deadline, f"nothing answers on port {port}"
        time.sleep(0.05)


COMPLETIONS = "http://127.0.0.1:8000/v1/completions"


def post(body: str = '{"max_tokens": 64}', url: str = COMPLETIONS) -> None:
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"}, method="POST")
    try:
        urllib.request.urlopen(request, timeout=600).read()
    except OSError:
        time.sleep(0.2)  # the server is gone; the next one may be there soon


def clients(number: int, body: str = '{"max_tokens": 64}', pause: float = 0, pace: float = 0, url: str = COMPLETIONS) -> None:
    """Each asks again as soon as it is answered; with a pace, one new client every so many seconds asks once."""

    def ask_again_and_again() -> None:
        while True:
            post(body, url)
            time.sleep(pause)

    def ask_at_a_pace() -> None:
        while True:
            in_background(lambda: post(body, url))
            time.sleep(pace)

    for _ in range(number):
        in_background(ask_at_a_pace if pace else ask_again_and_again)


def in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()


def signal_process_of(pid_file: str, number: signal.Signals) -> None:
    os.kill(int((VOLUME / pid_file).read_text()), number)


@scenario("vllm-engine-loop-stuck")
def engine_deadlock(recording: Recording) -> None:
    inference(recording)
    clients(150)
    recording.observe(60, http_get(8000, "/health"))
    recording.fault()
    signal_process_of("engine.pid", signal.SIGUSR1)


@scenario("vllm-engine-dies-silently")
def engine_killed(recording: Recording) -> None:
    inference(recording)
    clients(1, pace=2)
    recording.observe(60, http_get(8000, "/health"))
    recording.fault()
    signal_process_of("engine.pid", signal.SIGKILL)


@scenario("sglang-scheduler-dead-health-green")
def scheduler_killed(recording: Recording) -> None:
    inference(recording, "--names", "sglang", "--batch", "16")
    clients(16, pause=0.5)
    recording.observe(60, http_get(8000, "/health"))
    recording.fault()
    signal_process_of("engine.pid", signal.SIGKILL)


@scenario("vllm-tp-worker-deadlock")
def worker_stopped(recording: Recording) -> None:
    inference(recording, "--batch", "16")
    clients(16)
    recording.observe(60, http_get(8000, "/health"))
    recording.fault()
    signal_process_of("worker.pid", signal.SIGSTOP)


@scenario("vllm-first-request-hangs")
def first_request(recording: Recording) -> None:
    inference(recording)
    recording.observe(70, http_get(8000, "/health"))
    recording.fault()
    signal_process_of("engine.pid", signal.SIGUSR1)
    clients(1)


@scenario("tgi-queue-only-grows")
def permits_leak(recording: Recording) -> None:
    inference(recording, "--names", "tgi", "--batch", "4")
    clients(1, '{"max_tokens": 80}', pace=0.5)
    recording.observe(70, http_get(8000, "/health"))
    recording.fault()
    signal_process_of("engine.pid", signal.SIGUSR2)


@scenario("vllm-full-queue-moves")
def full_queue(recording: Recording) -> None:
    inference(recording, "--batch", "10", "--step", "0.2")
    clients(100, '{"max_tokens": 400}')
    recording.observe(60, http_get(8000, "/health"))
    recording.at(60)


@scenario("sglang-long-prefill")
def long_prefill(recording: Recording) -> None:
    inference(recording, "--names", "sglang", "--chunk", "4")
    recording.observe(60, http_get(8000, "/health_generate", 60))
    recording.at(10)
    in_background(lambda: post('{"max_tokens": 64, "prompt_chunks": 10}'))
    recording.at(60)


@scenario("vllm-saturated")
def saturated(recording: Recording) -> None:
    inference(recording, "--batch", "4")
    clients(30)
    recording.observe(60, http_get(8000, "/health_generate", 60))
    recording.at(60)


@scenario("tgi-queue-full-unhealthy")
def queue_full(recording: Recording) -> None:
    inference(recording, "--names", "tgi", "--batch", "4", "--unhealthy-from", "16")
    recording.observe(60, http_get(8000, "/health"))
    recording.at(5)
    clients(60)
    recording.at(60)


@scenario("metrics-slow-under-load")
def slow_metrics(recording: Recording) -> None:
    inference(recording, "--series", "200000")
    clients(35)
    recording.observe(60, http_get(8000, "/health"))
    recording.at(60)


@scenario("counter-reset-by-restart")
def counter_reset(recording: Recording) -> None:
    server = inference(recording)
    clients(16)
    recording.observe(50, http_get(8000, "/health"))
    recording.at(20)
    for pid in ("engine.pid", "worker.pid"):
        signal_process_of(pid, signal.SIGKILL)
    server.kill()
    server.wait()
    recording.python("engine", "inference.py")
    recording.note("container engine")
    recording.at(50)


@scenario("idle-server")
def idle(recording: Recording) -> None:
    inference(recording)
    recording.observe(50, http_get(8000, "/health"))
    recording.at(40)
    post()
    recording.at(50)


# A public inference server: servers/mlserver_model.py behind MLServer


MLSERVER = "1.7.1"
MLSERVER_PYTHON = "JUDGEMENT_MLSERVER_PYTHON"


def mlserver(recording: Recording, *arguments: str) -> None:
    """Serves, and eight clients ask."""
    python = os.environ.get(MLSERVER_PYTHON, "python3")
    found = subprocess.run([python, "-c", "from importlib.metadata import version; print(version('mlserver'))"], capture_output=True, text=True)
    if found.stdout.strip() != MLSERVER:
        # A uvloop of 0.22 and later has no event loop until one is made, and this MLServer's worker ends by that.
        raise SystemExit(f"{MLSERVER_PYTHON}={python}: must be the python of a venv with `pip install mlserver=={MLSERVER} 'uvloop<0.22'`")
    recording.start("engine", python, str(Path(__file__).parent / "servers" / "mlserver_model.py"), *arguments)
    wait_for_port(8080, "/v2/health/ready", 60)
    body = {"inputs": [{"name": "numbers", "shape": [2], "datatype": "FP32", "data": [1, 2]}]}
    clients(8, json.dumps(body), url="http://127.0.0.1:8080/v2/models/doubles/infer")


@scenario("mlserver-model-blocks")
def model_blocks(recording: Recording) -> None:
    mlserver(recording)
    recording.observe(60, http_get(8080, "/v2/health/ready"))
    recording.fault()
    (VOLUME / "block").touch()


@scenario("mlserver-slow-model")
def slow_model(recording: Recording) -> None:
    mlserver(recording, "--seconds", "5")
    recording.observe(60, http_get(8080, "/v2/health/ready"))
    recording.at(60)


# Servers whose parts fail apart: servers/streams.py


def streams(recording: Recording, *arguments: str) -> subprocess.Popen[str]:
    server = recording.python("engine", "streams.py", *arguments)
    wait_for_port(8000)
    return server


def fault_at(name: str, seconds: float, health: str = "/health") -> Scenario:
    def run(recording: Recording) -> None:
        streams(recording)
        recording.observe(seconds, http_get(8000, health))
        recording.fault()
        urllib.request.urlopen(f"http://127.0.0.1:8000/fault?{name}", timeout=5).read()

    return run


ALL["ray-serve-half-alive-replica"] = fault_at("blocked", 50, "/-/healthz")
ALL["cuda-context-poisoned"] = fault_at("poisoned", 60, "/v2/health/ready")
ALL["llama-server-slots-hang"] = fault_at("slots", 50)
ALL["sse-stalls-mid-stream"] = fault_at("silent", 60)
ALL["sse-keepalive-only"] = fault_at("keepalive", 60)


@scenario("triton-refuses-now-and-then")
def refuses(recording: Recording) -> None:
    server = streams(recording)
    recording.observe(60, http_get(8000, "/v2/health/ready"))
    for at in (10, 25, 40):
        recording.at(at)
        server.kill()
        server.wait()
        recording.at(at + 1.2)
        server = recording.python("engine", "streams.py")
    recording.at(60)


# Log shippers


def write_log(path: Path, bytes_a_second: int = 40 << 10) -> None:
    """Ten times a second, into whatever is at the path then."""

    def write() -> None:
        while True:
            with path.open("ab") as log:
                log.write(b"one line of the log, as many\n" * (bytes_a_second // 10 // 29))
            time.sleep(0.1)

    path.touch()
    in_background(write)


def rotate(path: Path, number: int = 1) -> None:
    path.rename(path.with_suffix(f".{number}"))
    path.touch()


LOG = VOLUME / "app.log"


@scenario("promtail-keeps-the-old-inode")
def old_inode(recording: Recording) -> None:
    write_log(LOG)
    recording.start("shipper", "tail", "-f", str(LOG), stdout=subprocess.DEVNULL)
    recording.observe(60, no_endpoint)
    recording.fault()
    rotate(LOG)


@scenario("fluent-bit-pauses-for-ever")
def back_pressure(recording: Recording) -> None:
    write_log(LOG)
    shipper = recording.start("shipper", "tail", "-F", str(LOG), stdout=subprocess.PIPE)
    pipe = shipper.stdout
    assert pipe is not None
    ends = threading.Event()

    def read_until_the_fault() -> None:
        while not ends.is_set():
            os.read(pipe.fileno(), 1 << 16)

    in_background(read_until_the_fault)
    recording.observe(60, no_endpoint)
    recording.fault()
    ends.set()


@scenario("vector-stops-a-file")
def shipper_stopped(recording: Recording) -> None:
    write_log(LOG)
    (VOLUME / "rsyslog.conf").write_text(
        f'global(workDirectory="{VOLUME}")\nmodule(load="imfile" PollingInterval="1")\n'
        f'input(type="imfile" file="{LOG}" tag="app")\naction(type="omfile" file="{VOLUME}/shipped.log")\n'
    )
    shipper = recording.start("shipper", "rsyslogd", "-n", "-f", f"{VOLUME}/rsyslog.conf", "-i", f"{VOLUME}/rsyslog.pid")
    recording.observe(60, no_endpoint)
    recording.fault()
    shipper.send_signal(signal.SIGSTOP)


@scenario("fluent-bit-pauses-and-resumes")
def pauses(recording: Recording) -> None:
    write_log(LOG)
    shipper = recording.start("shipper", "tail", "-F", str(LOG), stdout=subprocess.DEVNULL)
    recording.observe(60, no_endpoint)
    for at in range(5, 55, 10):
        recording.at(at)
        shipper.send_signal(signal.SIGSTOP)
        recording.at(at + 6)
        shipper.send_signal(signal.SIGCONT)
    recording.at(60)


@scenario("logrotate-renames-and-creates")
def rotations(recording: Recording) -> None:
    write_log(LOG)
    recording.start("shipper", "tail", "-F", str(LOG), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    recording.observe(60, no_endpoint)
    for number, at in enumerate(range(8, 48, 8)):
        recording.at(at)
        rotate(LOG, number)
    recording.at(50)
    os.truncate(LOG, 0)
    recording.at(60)


@scenario("filebeat-closes-an-idle-file")
def closes_idle_file(recording: Recording) -> None:
    LOG.touch()
    recording.python("shipper", "tailer.py", str(LOG), "--close-after", "3")
    recording.observe(60, no_endpoint)
    for at in (5, 20, 35, 50):
        recording.at(at)
        with LOG.open("ab") as log:
            log.write(b"one line of the log, as many\n" * 7000)
    recording.at(60)


@scenario("vector-reads-deleted-files")
def deleted_files(recording: Recording) -> None:
    LOG.write_bytes(b"one line of the log, as many\n" * (6 << 20 >> 5))
    recording.python("shipper", "tailer.py", str(LOG), "--bytes-a-second", str(150 << 10))
    recording.observe(60, no_endpoint)
    recording.at(3)
    LOG.unlink()
    write_log(LOG, 20 << 10)
    recording.at(60)


# Processes that leak, spin, or are gone


def with_limits(recording: Recording, *arguments: str, **options: object) -> subprocess.Popen[str]:
    """servers/leak.py under a limit of 1024 descriptors."""
    return recording.python("engine", "leak.py", *arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024)), **options)


@scenario("triton-backend-zombie")
def zombie(recording: Recording) -> None:
    streams(recording, "--child", "stub")
    recording.observe(40, http_get(8000, "/health"))
    recording.fault()
    signal_process_of("stub.pid", signal.SIGKILL)


@scenario("descriptors-leak")
def descriptors(recording: Recording) -> None:
    began = float(recording.header["fault_s"])
    recording.observe(40, no_endpoint)
    with_limits(recording, "sockets", "--rate", "40", "--start-after", str(began))
    recording.at(40)


@scenario("threads-leak")
def threads(recording: Recording) -> None:
    began = float(recording.header["fault_s"])
    recording.observe(40, no_endpoint)
    with_limits(recording, "threads", "--rate", "10", "--start-after", str(began))
    recording.at(40)


@scenario("synapse-descriptors-until-collection")
def descriptors_saw(recording: Recording) -> None:
    with_limits(recording, "sockets", "--rate", "40", "--until", "400", "--collect")
    recording.observe(50, no_endpoint)
    recording.at(50)


@scenario("a-few-zombies")
def few_zombies(recording: Recording) -> None:
    with_limits(recording, "children", "--rate", "0.5", "--until", "9")
    recording.observe(40, no_endpoint)
    recording.at(40)


@scenario("vllm-cache-eviction-spins")
def eviction(recording: Recording) -> None:
    engine = recording.python("engine", "spin.py", "evict", stdin=subprocess.PIPE)
    requests = engine.stdin
    assert requests is not None

    def ask() -> None:
        while True:
            os.write(requests.fileno(), b"request")
            time.sleep(0.5)

    in_background(ask)
    streams(recording)
    recording.observe(50, http_get(8000, "/health"))
    recording.fault()
    engine.send_signal(signal.SIGUSR1)


@scenario("vllm-polls-when-idle")
def polls(recording: Recording) -> None:
    recording.python("engine", "spin.py", "poll")
    streams(recording)
    recording.observe(40, http_get(8000, "/health"))
    recording.at(40)


# Memory, in a cgroup with a limit


def in_memory_cgroup(recording: Recording, *arguments: str) -> None:
    """servers/leak.py with a limit of 512 MiB, by cgroup v1; the cgroup is removed with the recording."""
    cgroup = Path("/sys/fs/cgroup/memory") / f"judgement-{os.getpid()}"
    cgroup.mkdir()
    (cgroup / "memory.limit_in_bytes").write_text(str(512 << 20))
    recording.at_the_end(cgroup.rmdir)
    recording.python("engine", "leak.py", "memory", *arguments, preexec_fn=lambda: (cgroup / "cgroup.procs").write_text(str(os.getpid())))


@scenario("vllm-host-memory-leak")
def memory_leak(recording: Recording) -> None:
    recording.observe(155, no_endpoint)
    in_memory_cgroup(recording, "--rate", "3", "--start-after", str(recording.header["fault_s"]))
    recording.at(155)


@scenario("shodh-cache-warms-up")
def cache_warms_up(recording: Recording) -> None:
    in_memory_cgroup(recording, "--rate", "10", "--until", "200")
    recording.observe(120, no_endpoint)
    recording.at(120)


@scenario("mlx-heap-sawtooth")
def heap_saw(recording: Recording) -> None:
    in_memory_cgroup(recording, "--rate", "12", "--until", "200", "--collect")
    recording.observe(150, no_endpoint)
    recording.at(150)


# Credentials and configuration, on volumes as the kubelet writes them


class Volume:
    """Files behind ..data, swapped as the kubelet's AtomicWriter does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._versions = 0
        path.mkdir(exist_ok=True)

    def write(self, **files: str | bytes) -> None:
        self._versions += 1
        version = self._path / f"..version_{self._versions}"
        version.mkdir()
        for name, content in files.items():
            file = version / name.replace("_", ".")
            file.write_bytes(content.encode() if isinstance(content, str) else content)
            link = self._path / file.name
            if not link.is_symlink():
                link.symlink_to(Path("..data") / file.name)
        fresh = self._path / "..data_tmp"
        fresh.symlink_to(version.name)
        fresh.rename(self._path / "..data")


CERTIFICATES = VOLUME / "certs"


def key_pair(valid_seconds: int = 86400) -> dict[str, bytes]:
    """A new certificate for one name, and its key."""
    work = VOLUME / "authority"
    work.mkdir(exist_ok=True)
    (work / "index").write_text("")
    (work / "ca.conf").write_text(
        f"[ca]\ndefault_ca=d\n[d]\ndatabase={work}/index\nnew_certs_dir={work}\npolicy=p\ndefault_md=sha256\nrand_serial=yes\n"
        "x509_extensions=e\nunique_subject=no\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:proxy.example\n"
    )

    def date(offset: float) -> str:
        return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + offset))

    key, request, certificate = work / "key", work / "request", work / "certificate"
    run = lambda *words: subprocess.run(["openssl", *words], check=True, capture_output=True)  # noqa: E731
    run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=proxy", "-keyout", str(key), "-out", str(request))
    run("ca", "-config", str(work / "ca.conf"), "-batch", "-selfsign", "-notext", "-keyfile", str(key), "-in", str(request), "-out", str(certificate), "-startdate", date(-60), "-enddate", date(valid_seconds))
    return {"tls_crt": certificate.read_bytes(), "tls_key": key.read_bytes()}


def nginx(recording: Recording) -> subprocess.Popen[str]:
    (VOLUME / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {VOLUME}/nginx.pid; error_log /dev/null; events {{}}\n"
        f"http {{ access_log off; server {{ listen 127.0.0.1:8443 ssl; ssl_certificate {CERTIFICATES}/tls.crt; ssl_certificate_key {CERTIFICATES}/tls.key; }}\n"
        "server { listen 127.0.0.1:8000; location /health { return 200 ok; } } }\n"
    )
    server = recording.start("proxy", "nginx", "-c", f"{VOLUME}/nginx.conf", "-p", str(VOLUME), stderr=subprocess.DEVNULL)
    wait_for_port(8000)
    return server


@scenario("envoy-serves-the-old-certificate")
def not_reloaded(recording: Recording) -> None:
    volume = Volume(CERTIFICATES)
    volume.write(**key_pair())
    nginx(recording)
    recording.observe(50, http_get(8000, "/health"))
    fresh = key_pair()
    recording.fault()
    volume.write(**fresh)


@scenario("vault-agent-reads-its-certificate-once")
def read_once(recording: Recording) -> None:
    volume = Volume(CERTIFICATES)
    volume.write(**key_pair())
    recording.start("agent", "sleep", "3600")
    recording.observe(50, no_endpoint)
    fresh = key_pair()
    recording.fault()
    volume.write(**fresh)


@scenario("half-rotated-pair")
def half_rotated(recording: Recording) -> None:
    volume = Volume(CERTIFICATES)
    old = key_pair()
    volume.write(**old)
    nginx(recording)
    recording.observe(40, http_get(8000, "/health"))
    fresh = key_pair()
    recording.fault()
    volume.write(tls_crt=fresh["tls_crt"], tls_key=old["tls_key"])


@scenario("certificate-expired-on-file")
def expired(recording: Recording) -> None:
    volume = Volume(CERTIFICATES)
    volume.write(**key_pair(3600))
    nginx(recording)
    volume.write(**key_pair(int(recording.header["fault_s"]) + 2))  # dates have whole seconds, and nginx takes its time
    nginx_reload()
    recording.observe(40, http_get(8000, "/health"))
    recording.at(40)


def nginx_reload() -> None:
    signal_process_of("nginx.pid", signal.SIGHUP)


@scenario("secret-propagates-slowly")
def reloaded_late(recording: Recording) -> None:
    volume = Volume(CERTIFICATES)
    volume.write(**key_pair())
    nginx(recording)
    recording.observe(50, http_get(8000, "/health"))
    for at in (10, 30):
        recording.at(at)
        volume.write(**key_pair())
        recording.at(at + 6)
        nginx_reload()
    recording.at(50)


def token(lifetime_seconds: int) -> str:
    def part(of: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(of).encode()).rstrip(b"=").decode()

    now = int(time.time())
    return ".".join([part({"alg": "RS256"}), part({"sub": "system:serviceaccount:a:b", "iat": now, "exp": now + lifetime_seconds}), "c2lnbmF0dXJl"])


@scenario("kubelet-rotates-a-token")
def token_rotates(recording: Recording) -> None:
    volume = Volume(CERTIFICATES)
    volume.write(token=token(3600))
    recording.start("agent", "sleep", "3600")
    recording.observe(50, no_endpoint)
    for at in range(8, 48, 8):
        recording.at(at)
        volume.write(token=token(3600))
    recording.at(50)


@scenario("configmap-not-reloaded")
def not_read_again(recording: Recording) -> None:
    volume = Volume(CERTIFICATES)
    volume.write(app_yaml="replicas: 1\n")
    recording.start("app", "sleep", "3600")
    recording.observe(40, no_endpoint)
    recording.fault()
    volume.write(app_yaml="replicas: 2\n")


@scenario("configmap-written-again-unchanged")
def written_again(recording: Recording) -> None:
    volume = Volume(CERTIFICATES)
    volume.write(app_yaml="replicas: 1\n")
    recording.start("app", "sleep", "3600")
    recording.observe(40, no_endpoint)
    for at in range(8, 40, 8):
        recording.at(at)
        volume.write(app_yaml="replicas: 1\n")


# Connections: servers/sockets.py


def peer(answers: bool = True, bytes_a_second: int = 1 << 30) -> None:
    """What stands for a database on port 5432; outside of the Pod, so in no container."""
    listener = socket.create_server(("127.0.0.1", 5432), backlog=128)

    def serve(connection: socket.socket) -> None:
        if answers and bytes_a_second == 1 << 30:
            while asked := connection.recv(4096):
                connection.send(asked)
        while True:
            connection.recv(bytes_a_second // 10)
            time.sleep(0.1)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            in_background(lambda: serve(connection))

    in_background(accept)


def call_every(seconds: float, calls: int = 1) -> None:
    def call() -> None:
        kept: list[socket.socket] = []
        while True:
            for _ in range(calls):
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(("127.0.0.1", 8001))
                kept.append(one)
            time.sleep(seconds)

    in_background(call)


@scenario("accept-queue-stands")
def accepts_no_more(recording: Recording) -> None:
    server = recording.python("app", "sockets.py", "accept")
    call_every(0.5)
    recording.observe(50, tcp_connect(8001))
    recording.fault()
    server.send_signal(signal.SIGUSR1)


@scenario("accept-queue-peaks-and-drains")
def accepts_slowly(recording: Recording) -> None:
    recording.python("app", "sockets.py", "accept")
    call_every(8, 60)
    recording.observe(50, tcp_connect(8001))
    recording.at(50)


@scenario("postgres-pool-half-open")
def half_open(recording: Recording) -> None:
    peer()
    recording.python("app", "sockets.py", "ask")
    recording.observe(50, no_endpoint)
    recording.fault()
    subprocess.run(["iptables", "-A", "INPUT", "-i", "lo", "-p", "tcp", "--dport", "5432", "-j", "DROP"], check=True)


@scenario("wsdd-socket-never-read")
def never_read(recording: Recording) -> None:
    listener = socket.create_server(("127.0.0.1", 5432))
    reader = recording.python("app", "sockets.py", "read")
    connection, _ = listener.accept()

    def send() -> None:
        while True:
            connection.send(b"a line of news\n")
            time.sleep(0.5)

    in_background(send)
    recording.observe(50, no_endpoint)
    recording.fault()
    reader.send_signal(signal.SIGUSR1)


@scenario("idle-pool")
def idle_pool(recording: Recording) -> None:
    peer()
    recording.python("app", "sockets.py", "hold")
    recording.observe(40, no_endpoint)
    recording.at(40)


@scenario("slow-peer")
def slow_peer(recording: Recording) -> None:
    peer(bytes_a_second=64 << 10)
    recording.python("app", "sockets.py", "send")
    recording.observe(50, no_endpoint)
    recording.at(50)


# gRPC: the tests' model-server


def model_server(recording: Recording) -> subprocess.Popen[str]:
    server = recording.start("engine", os.environ["JUDGEMENT_MODEL_SERVER"], "--port", "8001", "--http-port", "8000", stdout=subprocess.DEVNULL)
    wait_for_port(8000)
    return server


@scenario("grpc-worker-pool-starved")
def grpc_stopped(recording: Recording) -> None:
    server = model_server(recording)
    recording.observe(60, http_get(8000, "/health"))
    recording.fault()
    server.send_signal(signal.SIGSTOP)


@scenario("triton-pending-for-ever")
def grpc_hangs(recording: Recording) -> None:
    server = model_server(recording)
    recording.observe(40, http_get(8000, "/health"))
    recording.fault()
    server.send_signal(signal.SIGUSR1)


@scenario("grpc-half-open-channel")
def grpc_half_open(recording: Recording) -> None:
    model_server(recording)
    recording.observe(40, http_get(8000, "/health"))
    recording.fault()
    held = subprocess.run(["ss", "--tcp", "--numeric", "--no-header", "state", "established", "dport", "=", ":8001"], capture_output=True, text=True, check=True)
    ports = {line.split()[2].rsplit(":", 1)[1] for line in held.stdout.splitlines()}
    for port in ports:
        subprocess.run(["iptables", "-A", "INPUT", "-i", "lo", "-p", "tcp", "--sport", port, "--dport", "8001", "-j", "DROP"], check=True)


# Heartbeats: servers/worker.py


@scenario("celery-worker-catatonic")
def worker_blocks(recording: Recording) -> None:
    worker = recording.python("worker", "worker.py", f"{VOLUME}/alive")
    recording.observe(50, no_endpoint)
    recording.fault()
    worker.send_signal(signal.SIGUSR1)


@scenario("nodedb-core-wedged")
def ticks_end(recording: Recording) -> None:
    worker = recording.python("worker", "worker.py", f"{VOLUME}/status.json", "--count", "--task-seconds", "0.2")
    recording.observe(50, no_endpoint)
    recording.fault()
    worker.send_signal(signal.SIGUSR1)


@scenario("celery-long-task")
def long_task(recording: Recording) -> None:
    recording.python("worker", "worker.py", f"{VOLUME}/alive", "--task-seconds", "20")
    recording.observe(60, no_endpoint)
    recording.at(60)


@scenario("clock-steps")
def clock_steps(recording: Recording) -> None:
    offset = VOLUME / "offset"
    offset.write_text("0")
    recording.python("worker", "worker.py", f"{VOLUME}/alive", "--clock-offset-file", str(offset))
    recording.observe(45, no_endpoint)
    recording.at(10)
    offset.write_text("60")
    recording.at(25)
    offset.write_text("-3600")
    recording.at(45)

"""`python -m worker ROLE`: one process of a node.

runs          takes runs and small jobs from the queue and supervises their engines, and draws for the playground: one
              of it on every machine that trains
housekeeping  sends lost nudges again and requeues lost runs: one is enough for a team
beat          says when housekeeping is due: exactly one
join URL      makes this machine a node of the site at URL, by the token that its page Nodes shows
"""

import logging
import signal
import sys

from worker import joining


def main() -> None:
    roles = {"runs": run_runs, "housekeeping": run_housekeeping, "beat": run_beat}
    if sys.argv[1:2] == ["join"]:
        joining.join(sys.argv[2:])
    if len(sys.argv) != 2 or sys.argv[1] not in roles:
        raise SystemExit(__doc__)
    joining.read_environment(joining.data_dir())
    # The settings read the environment once, now that it is whole.
    import django

    import worker.app  # noqa: F401

    django.setup()
    roles[sys.argv[1]]()


def run_runs() -> None:
    """Messages only say that there is something to look for; what is done is done in threads beside them.

    Threads, not processes: each only watches a child, and what dies with this process dies together.
    """
    import threading

    from runs.models import Attempt
    from runs.nudges import RUNS_QUEUE
    from worker import node, site_files, tasks
    from worker.dispatcher import Dispatcher
    from worker.membership import Membership
    from worker.patience import Patience

    # Until Celery has its own: whatever has begun by then ends in order too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    site_files.check()
    held = node.lock()
    Patience("Start").insist(lambda: node.end_leftovers(Attempt.objects.all()), give_up=threading.Event())
    Patience("Start").insist(node.end_leftover_jobs, give_up=threading.Event())
    Patience("Start").insist(node.end_leftover_drawing, give_up=threading.Event())
    with (
        Membership() as membership,
        Dispatcher(lambda: membership.node, tasks.nudged, tasks.shutting_down),
    ):
        logging.getLogger("worker").info("Node %s takes runs: slots %s.", membership.node, membership.node.slots)
        _work("--queues", RUNS_QUEUE, "--pool", "threads", "--concurrency", "1")
    del held


def run_housekeeping() -> None:
    from worker.app import HOUSEKEEPING_QUEUE
    from worker.watchdog import Watchdog

    with Watchdog():
        _work("--queues", HOUSEKEEPING_QUEUE, "--pool", "solo")


def run_beat() -> None:
    from worker.app import app

    app.start(["--quiet", "beat"])


def _work(*options: str) -> None:
    from worker.app import app

    app.worker_main(
        ["--quiet", "worker", "--without-gossip", "--without-mingle", "--hostname", f"{options[1]}@%h", *options]
    )


if __name__ == "__main__":
    main()

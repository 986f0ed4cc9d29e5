"""`python -m worker ROLE`: one process of a node.

runs          takes runs and small jobs from the queue and supervises their engines: one of it on every machine that
              trains
housekeeping  sends lost nudges again and requeues lost runs: one is enough for a team
beat          says when housekeeping is due: exactly one
"""

import logging
import signal
import sys

from worker.app import HOUSEKEEPING_QUEUE, app


def main() -> None:
    roles = {"runs": run_runs, "housekeeping": run_housekeeping, "beat": run_beat}
    if len(sys.argv) != 2 or sys.argv[1] not in roles:
        raise SystemExit(__doc__)
    import django

    django.setup()
    roles[sys.argv[1]]()


def run_runs() -> None:
    """Messages only say that there is something to look for; what is done is done in threads beside them.

    Threads, not processes: each only watches a child, and what dies with this process dies together.
    """
    import threading

    from runs.models import Attempt
    from runs.nudges import RUNS_QUEUE
    from worker import node, tasks
    from worker.dispatcher import Dispatcher
    from worker.job_dispatcher import JobDispatcher
    from worker.membership import Membership
    from worker.patience import Patience

    # Until Celery has its own: whatever has begun by then ends in order too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    held = node.lock()
    Patience("Start").insist(lambda: node.end_leftovers(Attempt.objects.all()), give_up=threading.Event())
    Patience("Start").insist(node.end_leftover_jobs, give_up=threading.Event())
    with (
        Membership() as membership,
        Dispatcher(lambda: membership.node, tasks.nudged, tasks.shutting_down) as runs,
        JobDispatcher(lambda: membership.node, runs.busy, tasks.nudged_for_jobs, tasks.shutting_down),
    ):
        logging.getLogger("worker").info("Node %s takes runs: slots %s.", membership.node, membership.node.slots)
        _work("--queues", RUNS_QUEUE, "--pool", "threads", "--concurrency", "1")
    del held


def run_housekeeping() -> None:
    _work("--queues", HOUSEKEEPING_QUEUE, "--pool", "solo")


def run_beat() -> None:
    app.start(["--quiet", "beat"])


def _work(*options: str) -> None:
    app.worker_main(["worker", "--without-gossip", "--without-mingle", "--hostname", f"{options[1]}@%h", *options])


if __name__ == "__main__":
    main()

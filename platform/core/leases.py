"""Leases that have run out: whoever held them is gone, or cut off."""

from datetime import timedelta

from django.db.models import DateTimeField, Func, QuerySet, Value
from django.db.models.functions import Now


def run_out(held: QuerySet, lease: timedelta) -> QuerySet:
    """Those rows whose `lease_expires_at` has passed.

    While the database was down nobody could renew, so after its start every holder gets the time of a lease.
    """
    started_at = Func(function="pg_postmaster_start_time", output_field=DateTimeField())
    had_time = held.alias(database_started_at=started_at).filter(database_started_at__lt=Now() - Value(lease))
    return had_time.filter(lease_expires_at__lt=Now())

"""What each call answers: plain functions `(Tenant, Call) -> Answer`, without HTTP and without waiting."""

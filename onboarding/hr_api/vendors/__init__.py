"""One file for each vendor whose API is read: one constant `READER`. See `onboarding.hr_api.reader`."""

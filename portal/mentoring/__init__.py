"""The mentor scheme: profiles, rounds, proposals and mentorships."""

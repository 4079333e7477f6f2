"""Rules: when to raise an alert. Given query functions, a journal file and a way to be woken at commits.

load.py reads rule files, evaluator.py judges, scheduler.py says when, journal.py remembers, selftest.py runs the tests
inside rule files, render.py prints the API's JSON. Whom to tell is notify/'s business.
"""

from whodid.rules.evaluator import Committed, Evaluator, Notify, Query, Record, RuleHealth
from whodid.rules.journal import Journal, JournalError, Transition
from whodid.rules.judgement import Surroundings
from whodid.rules.load import Loaded, RuleFileError, load_rules, load_text
from whodid.rules.rule import Rule, RuleGroup, RuleTest
from whodid.rules.scheduler import Scheduler, WaitCommit

__all__ = [
    "Committed",
    "Evaluator",
    "Journal",
    "JournalError",
    "Loaded",
    "Notify",
    "Query",
    "Record",
    "Rule",
    "RuleFileError",
    "RuleGroup",
    "RuleHealth",
    "RuleTest",
    "Scheduler",
    "Surroundings",
    "Transition",
    "WaitCommit",
    "load_rules",
    "load_text",
]

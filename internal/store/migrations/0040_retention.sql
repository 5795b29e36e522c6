-- By which closed pull requests are found that nobody needs any more.
CREATE INDEX pulls_closed ON pulls (looked_at) WHERE NOT open;

-- Labels that were set on pull requests, as deliveries named them then: GitHub
-- shows them by the name that the label has by now.
CREATE TABLE labelled (
    owner  TEXT NOT NULL,
    repo   TEXT NOT NULL,
    number BIGINT NOT NULL,
    label  TEXT NOT NULL,
    login  TEXT NOT NULL,
    bot    BOOLEAN NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (owner, repo, number, label)
);

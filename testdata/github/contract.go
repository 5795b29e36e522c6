// Package contract embeds what GitHub publishes about its API, cut down to
// what rolecall touches: the REST operations, the GraphQL schema, the schema
// of webhooks and one recorded payload for each event and action. It holds
// data only; README.md names the origins and licences.
package contract

import "embed"

// REST is the OpenAPI 3.0 document of the REST operations.
//
//go:embed rest-openapi.json
var REST []byte

// GraphQL is the GraphQL schema.
//
//go:embed schema.graphql
var GraphQL string

// Webhooks is the JSON Schema (draft 7) of webhook payloads.
//
//go:embed webhooks-schema.json
var Webhooks []byte

// Payloads holds the recorded payloads as webhooks/EVENT.ACTION.json.
//
//go:embed webhooks/*.json
var Payloads embed.FS

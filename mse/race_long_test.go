//go:build long

package mse_test

import (
	"testing"
	"time"
)

// TestConcurrencyLong is TestConcurrency for a minute; make race shows more with it.
func TestConcurrencyLong(t *testing.T) { concurrency(t, time.Minute) }

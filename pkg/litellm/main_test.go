package litellm_test

import (
	"testing"

	"litellm-reconciler/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

package imageio

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLitter(t *testing.T) {
	for name, want := range map[string]bool{
		"._001.jpg": true, "._": true, ".DS_Store": true, "Thumbs.db": true, "THUMBS.DB": true, "desktop.ini": true,
		"__MACOSX": true, "@eaDir": true, ".ipynb_checkpoints": true, "$RECYCLE.BIN": true, ".Trash-1000": true,
		"001.jpg": false, ".001.jpg": false, "_.jpg": false, ".hidden": false, "thumbs.jpg": false, "DS_Store": false, "": false,
	} {
		require.Equal(t, want, Litter(name), name)
	}
}

package main

import (
	"errors"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/statedict"
)

func script(o options, net *arch.Network, d statedict.Dict) ([]byte, error) {
	return nil, errors.New("x")
}

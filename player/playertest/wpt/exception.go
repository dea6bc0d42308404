package wpt

import (
	"errors"

	"github.com/dop251/goja"

	"mseplayer/mse"
)

// exception is what is behind a DOMException.
type exception struct{ name, message string }

// exceptionCodes are the legacy codes of exception names, in Web IDL's order.
var exceptionCodes = []string{"IndexSizeError", "", "HierarchyRequestError", "WrongDocumentError", "InvalidCharacterError", "",
	"NoModificationAllowedError", "NotFoundError", "NotSupportedError", "InUseAttributeError", "InvalidStateError", "SyntaxError",
	"InvalidModificationError", "NamespaceError", "InvalidAccessError", "", "TypeMismatchError", "SecurityError", "NetworkError",
	"AbortError", "URLMismatchError", "QuotaExceededError", "TimeoutError", "InvalidNodeTypeError", "DataCloneError"}

var exceptionConstants = []string{"INDEX_SIZE_ERR", "DOMSTRING_SIZE_ERR", "HIERARCHY_REQUEST_ERR", "WRONG_DOCUMENT_ERR",
	"INVALID_CHARACTER_ERR", "NO_DATA_ALLOWED_ERR", "NO_MODIFICATION_ALLOWED_ERR", "NOT_FOUND_ERR", "NOT_SUPPORTED_ERR",
	"INUSE_ATTRIBUTE_ERR", "INVALID_STATE_ERR", "SYNTAX_ERR", "INVALID_MODIFICATION_ERR", "NAMESPACE_ERR", "INVALID_ACCESS_ERR",
	"VALIDATION_ERR", "TYPE_MISMATCH_ERR", "SECURITY_ERR", "NETWORK_ERR", "ABORT_ERR", "URL_MISMATCH_ERR", "QUOTA_EXCEEDED_ERR",
	"TIMEOUT_ERR", "INVALID_NODE_TYPE_ERR", "DATA_CLONE_ERR"}

func (p *page) defineException() {
	p.define(iface{
		name: "DOMException",
		construct: func(args []goja.Value) any {
			e := &exception{name: "Error"}
			if v := arg(args, 0); !goja.IsUndefined(v) {
				e.message = text(v)
			}
			if v := arg(args, 1); !goja.IsUndefined(v) {
				e.name = text(v)
			}
			return e
		},
		members: append([]member{
			ro(p, "name", func(e *exception) any { return e.name }),
			ro(p, "message", func(e *exception) any { return e.message }),
			ro(p, "code", func(e *exception) any {
				for i, n := range exceptionCodes {
					if n == e.name {
						return i + 1
					}
				}
				return 0
			}),
		}, constants(1, exceptionConstants...)...),
	})
	errorProto := p.vm.Get("Error").(*goja.Object).Get("prototype").(*goja.Object)
	p.must(p.protos["DOMException"].SetPrototype(errorProto))
}

func (p *page) newException(name, msg string) *object {
	return p.fresh("DOMException", &exception{name: name, message: msg})
}

// throw throws what a script has to see instead of err: an exception of the same name.
func (p *page) throw(err error) {
	var e *mse.Error
	if !errors.As(err, &e) {
		p.domException("OperationError", err.Error())
	}
	if e.Name == mse.TypeError {
		p.typeError(err.Error())
	}
	p.domException(string(e.Name), err.Error())
}

func (p *page) typeError(msg string) { panic(p.vm.NewTypeError("%s", msg)) }

func (p *page) domException(name, msg string) { panic(p.newException(name, msg).js) }

// check throws err if there is one.
func (p *page) check(err error) {
	if err != nil {
		p.throw(err)
	}
}

// Package chart tests charts/litellm-reconciler: what Helm makes of it is read
// as Kubernetes reads it, and the program is run as the pods say.
package chart
